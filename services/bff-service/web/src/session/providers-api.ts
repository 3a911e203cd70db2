import { useMutation, useQuery } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { OfferedProviders } from '../api/types.ts'
import { requireCookies } from './cookie-check.ts'

export type OfferedProvider = OfferedProviders['providers'][number]

/** The services with which users can sign in. While that cannot be known, none. */
export function useProviders(): readonly OfferedProvider[] {
  const { data } = useQuery({
    queryKey: ['providers'],
    queryFn: ({ signal }) => request<OfferedProviders>('/bff/providers', { signal }),
    staleTime: 60_000,
    retry: false
  })
  return data?.providers ?? []
}

export interface Journey {
  id: string
  purpose: 'sign_in' | 'link'
  /** A path of this origin. */
  return?: string
}

/** Leaves the page for another service, which sends the browser back. */
export function useGoToProvider() {
  return useMutation({
    mutationFn: async ({ id, ...body }: Journey) => {
      await requireCookies()
      const path = `/bff/providers/${encodeURIComponent(id)}/start`
      const { authorization_url } = await request<{ authorization_url: string }>(path, { method: 'POST', body })
      window.location.assign(authorization_url)
      // The page is about to go: its buttons stay as they are.
      await new Promise((resolve) => setTimeout(resolve, 5_000))
    }
  })
}
