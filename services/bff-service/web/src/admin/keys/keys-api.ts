import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { KeyList } from '../../api/types.ts'
import { showSuccess } from '../../components/show-message.ts'
import { say } from '../../texts/say.ts'

const keysKey = ['admin', 'keys'] as const

export function useKeys() {
  return useQuery({
    queryKey: keysKey,
    queryFn: ({ signal }) => request<KeyList>('/account/admin/keys', { signal }),
    refetchInterval: 60_000
  })
}

interface KeyChange {
  /** The key to revoke; absent for a rotation. */
  kid?: string
  reason: string | undefined
}

/** Rotates the keys, or revokes one. */
export function useChangeKeys() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ kid, reason }: KeyChange) => {
      const path = kid === undefined ? 'rotate' : `${encodeURIComponent(kid)}/revoke`
      return request<KeyList>(`/account/admin/keys/${path}`, { method: 'POST', body: reason ? { reason } : {} })
    },
    onSuccess: (keys, { kid }) => {
      // Said here, as the row of a revoked key has no button any more that could.
      showSuccess(kid === undefined ? say('admin.keys.rotated') : say('admin.keys.isRevoked'))
      client.setQueryData(keysKey, keys)
    },
    onError: () => client.invalidateQueries({ queryKey: keysKey })
  })
}
