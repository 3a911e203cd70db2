import { keepPreviousData, type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { isConflict, isUnavailable } from '../../api/api-error.ts'
import { request } from '../../api/request.ts'
import type { Client, ClientPage, ClientPolicy, ClientWithSecret } from '../../api/types.ts'
import { changesOf } from './client-form.ts'
import { firstPartyClientId } from './client-terms.ts'

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

/** For ten minutes: a page that asked for ever would keep its session from ending when it is idle. */
function isAwaitingToken(client: Client | undefined, reads: number): boolean {
  return client?.first_token_at === null && client.client_id !== firstPartyClientId && reads < 200
}

export function useClient(clientId: string) {
  return useQuery({
    queryKey: [...clientsKey, 'one', clientId],
    queryFn: ({ signal }) => request<Client>(pathOf(clientId), { signal }),
    refetchInterval: ({ state }) => (isAwaitingToken(state.data, state.dataUpdateCount) ? 3_000 : false)
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
        if (isUnavailable(error)) unanswered.current = body.client_id
        throw error
      }
    },
    // The response contains a secret, which the cache drops with the form.
    gcTime: 0,
    onSuccess: () => refresh(client)
  })
}

/** A request whose response was lost may have created the client; its secret cannot be seen again. */
async function findCreated({ client_id, ...body }: NewClient, conflict: unknown): Promise<ClientWithSecret> {
  const found = await request<Client>(pathOf(client_id))
  const isSame = Object.keys(changesOf(found, body as ClientPolicy)).length === 0 && found.disabled_at === null
  if (isSame) return found
  throw conflict
}

function addSecret(clientId: string, replaces?: string | undefined): Promise<ClientWithSecret> {
  return request<ClientWithSecret>(`${pathOf(clientId)}/secrets`, { method: 'POST', body: { replaces } })
}

/** The newest secret that `known` does not name. Its response was lost, so that no client has it. */
async function lostSecretId(clientId: string, known: readonly string[]): Promise<string | undefined> {
  const [newest] = (await request<Client>(pathOf(clientId))).secret_ids
  return newest !== undefined && !known.includes(newest) ? newest : undefined
}

/** Replaces the only secret of a new client, whose response was lost. */
export function useReplaceSecret(clientId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => addSecret(clientId, await lostSecretId(clientId, [])),
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

/**
 * Adds a secret. A try whose response was lost may have added one, too: the next try replaces that one, since a third secret
 * would end the one that the client uses.
 * @param known the ids of the secrets that may be in use
 */
export function useAddSecret(clientId: string, known: readonly string[]) {
  const client = useQueryClient()
  const unanswered = useRef<readonly string[]>(undefined)
  return useMutation({
    mutationFn: async () => {
      const before = unanswered.current
      try {
        const added = await addSecret(clientId, before && (await lostSecretId(clientId, before)))
        unanswered.current = undefined
        return added
      } catch (error) {
        if (isUnavailable(error)) unanswered.current ??= known
        throw error
      }
    },
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
