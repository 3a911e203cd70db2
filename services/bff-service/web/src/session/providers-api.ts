import { useMutation, useQuery } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { IdentityList, OfferedProviders } from '../api/types.ts'
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

export const identitiesKey = ['account', 'identities'] as const

/** Who the user is at other services. */
export function useIdentities() {
  return useQuery({
    queryKey: identitiesKey,
    queryFn: ({ signal }) => request<IdentityList>('/account/auth/me/identities', { signal })
  })
}

/** The services with which the user can sign in again: those that say when somebody signed in there. */
export function useProvidersForStepUp(): readonly OfferedProvider[] {
  const offered = useProviders()
  const { data } = useIdentities()
  const linked = new Set(data?.identities.map(({ provider }) => provider.id))
  return offered.filter(({ id, kind }) => linked.has(id) && !['github', 'google'].includes(kind))
}

export interface Journey {
  id: string
  purpose: 'sign_in' | 'link' | 'step_up'
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
