import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { NewProvider, Provider, ProviderChange, ProviderList } from '../../api/types.ts'

const providersKey = ['admin', 'providers'] as const

export function useAdminProviders() {
  return useQuery({
    queryKey: providersKey,
    queryFn: ({ signal }) => request<ProviderList>('/account/admin/providers', { signal })
  })
}

export function useCreateProvider() {
  return useProviderMutation((body: NewProvider) =>
    request<Provider>('/account/admin/providers', { method: 'POST', body })
  )
}

export function useChangeProvider(id: string) {
  return useProviderMutation((body: ProviderChange) => request<Provider>(pathOf(id), { method: 'PATCH', body }))
}

export function useDeleteProvider(id: string) {
  return useProviderMutation((withIdentities: boolean) =>
    request(pathOf(id), { method: 'DELETE', query: { with_identities: withIdentities ? 'true' : undefined } })
  )
}

function useProviderMutation<Variables, Result>(mutationFn: (variables: Variables) => Promise<Result>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn,
    // The variables may hold a secret.
    gcTime: 0,
    // Not awaited: the row and its button go with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: providersKey })
    }
  })
}

function pathOf(id: string): string {
  return `/account/admin/providers/${encodeURIComponent(id)}`
}
