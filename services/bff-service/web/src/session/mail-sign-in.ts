import { useMutation } from '@tanstack/react-query'
import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { MailRequested, PasswordResetRequest, SignedIn } from '../api/types.ts'
import { say } from '../texts/say.ts'
import { requireCookies } from './cookie-check.ts'

/** What a mail has brought; the cookie of the flow is the browser's. */
export type MailedProof = { secret: string } | { code: string }

/** Has a mail sent to the verified address of the account, if there is such an account. */
export function useRequestMailSignIn() {
  return useMutation({
    mutationFn: async (body: PasswordResetRequest) => {
      await requireCookies()
      return request<Pick<MailRequested, 'expires_in'>>('/bff/session/mail', { method: 'POST', body })
    }
  })
}

/** Signs in with what the mail has brought. */
export function useMailSignIn() {
  return useMutation({
    mutationFn: (body: MailedProof) => request<SignedIn>('/bff/session/mail/confirm', { method: 'POST', body }),
    gcTime: 0
  })
}

/** @returns `undefined` for errors that say enough themselves */
export function refusalOfMail(error: unknown, kind: 'code' | 'link'): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  if (error.status === 404) return say(kind === 'code' ? 'mailSignIn.ended' : 'mailSignIn.otherBrowser')
  if (error.status === 401) return say(kind === 'code' ? 'proof.badCode' : 'mailSignIn.badLink')
  // A link that was cut off has no secret of the right form.
  return error.status === 400 && kind === 'link' ? say('mailSignIn.badLink') : undefined
}
