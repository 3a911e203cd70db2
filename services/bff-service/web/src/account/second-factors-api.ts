import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { RecoveryCodes, SecondFactors, TotpSetUp } from '../api/types.ts'

export const factorsKey = ['account', 'second-factors'] as const

export function useSecondFactors() {
  return useQuery({
    queryKey: factorsKey,
    queryFn: ({ signal }) => request<SecondFactors>('/account/auth/me/second-factors', { signal })
  })
}

export function useBeginTotp() {
  return useMutation({
    mutationFn: () => request<TotpSetUp>('/account/auth/me/totp', { method: 'POST' }),
    gcTime: 0
  })
}

export function useConfirmTotp() {
  return useChange((totp: string) =>
    request<RecoveryCodes>('/account/auth/me/totp/confirm', { method: 'POST', body: { totp } })
  )
}

export function useRemoveTotp() {
  return useChange((_: undefined) => request('/account/auth/me/totp', { method: 'DELETE' }))
}

export function useRenewRecoveryCodes() {
  return useChange((_: undefined) => request<RecoveryCodes>('/account/auth/me/recovery-codes', { method: 'POST' }))
}

export function useForgetDevice() {
  return useChange((id: string) =>
    request(`/account/auth/me/trusted-devices/${encodeURIComponent(id)}`, { method: 'DELETE' })
  )
}

function useChange<Variables, Result>(change: (variables: Variables) => Promise<Result>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    gcTime: 0,
    // Not awaited: what was clicked may disappear with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: factorsKey })
    }
  })
}
