import { keepPreviousData, type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { Client, ClientPage, ClientPolicy, ClientWithSecret } from '../../api/types.ts'

const clientsKey = ['admin', 'clients'] as const

function pathOf(clientId: string): string {
  return `/account/admin/clients/${encodeURIComponent(clientId)}`
}

function refresh(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: clientsKey })
}

export function useClients(cursor: string | undefined) {
  return useQuery({
    queryKey: [...clientsKey, 'list', cursor],
    queryFn: ({ signal }) => request<ClientPage>('/account/admin/clients', { query: { cursor, limit: 20 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useClient(clientId: string) {
  return useQuery({
    queryKey: [...clientsKey, 'one', clientId],
    queryFn: ({ signal }) => request<Client>(pathOf(clientId), { signal })
  })
}

export type NewClient = Partial<ClientPolicy> & Pick<Client, 'client_id' | 'token_endpoint_auth_method' | 'grant_types'>

export function useCreateClient() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewClient) => request<ClientWithSecret>('/account/admin/clients', { method: 'POST', body }),
    // The answer holds a secret, which the cache lets go of with the form.
    gcTime: 0,
    onSuccess: () => refresh(client)
  })
}

export type ClientChange = Partial<ClientPolicy> & { disabled?: boolean }

export function useChangeClient(clientId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ClientChange) => request<Client>(pathOf(clientId), { method: 'PATCH', body }),
    onSettled: () => refresh(client)
  })
}

export function useAddSecret(clientId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request<ClientWithSecret>(`${pathOf(clientId)}/secrets`, { method: 'POST' }),
    gcTime: 0,
    onSuccess: () => refresh(client)
  })
}

export function useDropOlderSecret(clientId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request(`${pathOf(clientId)}/secrets/older`, { method: 'DELETE' }),
    onSettled: () => refresh(client)
  })
}
