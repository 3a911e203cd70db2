import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { Passkey, PasskeyCreationOptions, Passkeys } from '../api/types.ts'
import { makePasskey, tellPasskeys } from '../session/passkey-ceremonies.ts'
import { passkeysKey } from '../session/passkeys.ts'
import { factorsKey } from './second-factors-api.ts'

export { usePasskeys } from '../session/passkeys.ts'

export function useAddPasskey() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (name: string) => {
      const path = '/account/auth/me/passkeys'
      const { options } = await request<PasskeyCreationOptions>(`${path}/options`, { method: 'POST' })
      const credential = await makePasskey(options)
      return request<Passkey>(path, { method: 'POST', body: { name, credential } })
    },
    onSettled: () => forgetFactors(client)
  })
}

export function useRenamePasskey() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      request<Passkey>(pathOf(id), { method: 'PATCH', body: { name } }),
    onSettled: () => forgetFactors(client)
  })
}

/** Removes a passkey, and tells the browser which ones there are now. */
export function useRemovePasskey() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request(pathOf(id), { method: 'DELETE' }),
    onSuccess: async () => {
      const now = await client
        .fetchQuery({ queryKey: passkeysKey, queryFn: () => request<Passkeys>('/account/auth/me/passkeys') })
        .catch(() => undefined)
      if (now) tellPasskeys(now)
    },
    onSettled: () => forgetFactors(client)
  })
}

function pathOf(id: string): string {
  return `/account/auth/me/passkeys/${encodeURIComponent(id)}`
}

/** Not awaited: the message must come before the new list. */
function forgetFactors(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: passkeysKey })
  void client.invalidateQueries({ queryKey: factorsKey })
}
