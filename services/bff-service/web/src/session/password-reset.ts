import { useMutation, useQueryClient } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { MailRequested, PasswordReset, PasswordResetRequest } from '../api/types.ts'
import { lookAgain } from './session.ts'

/** Has a mail sent to the verified address of the account, if there is such an account. */
export function useRequestPasswordReset() {
  return useMutation({
    mutationFn: (body: PasswordResetRequest) => request<MailRequested>('/bff/password-reset', { method: 'POST', body })
  })
}

/** Sets a new password with what the mail has brought. All sessions of the account end, that of this browser as well. */
export function useResetPassword() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: PasswordReset) => request('/bff/password-reset/confirm', { method: 'POST', body }),
    // The variables contain a password.
    gcTime: 0,
    onSuccess: () => lookAgain(client)
  })
}

/** Restores the address that the mail went to, and sets a new password. All sessions of the account end. */
export function useUndoEmailChange() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ secret, new_password }: PasswordReset) =>
      request('/bff/email-undo', { method: 'POST', body: { secret, new_password } }),
    gcTime: 0,
    onSuccess: () => lookAgain(client)
  })
}
