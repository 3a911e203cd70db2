import { keepPreviousData, type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { isAway, isConflict } from '../../api/api-error.ts'
import { request } from '../../api/request.ts'
import type { Client, ClientPage, ClientPolicy, ClientWithSecret } from '../../api/types.ts'
import { changesOf } from './client-form.ts'

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
  const unanswered = useRef<string>(undefined)
  return useMutation({
    mutationFn: async (body: NewClient) => {
      try {
        return await request<ClientWithSecret>('/account/admin/clients', { method: 'POST', body })
      } catch (error) {
        if (isConflict(error) && unanswered.current === body.client_id) return findCreated(body, error)
        if (isAway(error)) unanswered.current = body.client_id
        throw error
      }
    },
    // The answer holds a secret, which the cache lets go of with the form.
    gcTime: 0,
    onSuccess: () => refresh(client)
  })
}

/** A request whose answer was lost may have made the client; its secret cannot be seen again. */
async function findCreated({ client_id, ...body }: NewClient, conflict: unknown): Promise<ClientWithSecret> {
  const found = await request<Client>(pathOf(client_id))
  const isSame = Object.keys(changesOf(found, body as ClientPolicy)).length === 0 && found.disabled_at === null
  if (isSame) return found
  throw conflict
}

/** Makes a secret in the place of one that was lost on its way, which is good no more then. */
export function useReplaceSecret(clientId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const added = await request<ClientWithSecret>(`${pathOf(clientId)}/secrets`, { method: 'POST' })
      await request(`${pathOf(clientId)}/secrets/older`, { method: 'DELETE' })
      return added
    },
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
