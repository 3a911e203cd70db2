import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { ApiError, isConflict, isUnavailable } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type {
  AccountDeletion,
  ApiIdentity,
  ChangedUsername,
  EmailConfirmation,
  MailRequested,
  OwnSessionPage,
  PasswordChange,
  UsernameChange
} from '../api/types.ts'
import { profileKey } from '../session/own-profile.ts'

const sessionsKey = ['account', 'sessions'] as const

export { useOwnProfile } from '../session/own-profile.ts'

/** Has a mail sent to the address of the profile. */
export function useRequestVerification() {
  return useMutation({
    mutationFn: () => request<MailRequested>('/account/auth/email/verification', { method: 'POST' })
  })
}

/** Verifies the address with what the mail has brought. */
export function useVerifyEmail() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (proof: EmailConfirmation) =>
      request('/account/auth/email/verification/confirm', { method: 'POST', body: proof }),
    gcTime: 0,
    onSuccess: () => client.invalidateQueries({ queryKey: profileKey })
  })
}

/** Has a mail sent to another address; until it is confirmed, nothing changes. */
export function useRequestEmailChange() {
  return useMutation({
    mutationFn: async (email: string) => ({
      ...(await request<MailRequested>('/account/auth/me/email', { method: 'POST', body: { email } })),
      email
    }),
    gcTime: 0
  })
}

/** Changes the address with what the mail to the new one has brought. */
export function useConfirmEmailChange() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (proof: EmailConfirmation) =>
      request('/account/auth/me/email/confirm', { method: 'POST', body: proof }),
    gcTime: 0,
    onSuccess: () => client.invalidateQueries({ queryKey: profileKey })
  })
}

export function useChangeUsername() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: UsernameChange) =>
      request<ChangedUsername>('/account/auth/me/username', { method: 'POST', body }),
    gcTime: 0,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: profileKey })
    }
  })
}

/** Has the account deleted, and forgets the session of this browser, which has ended. */
export function useDeleteAccount() {
  return useMutation({
    mutationFn: async () => {
      const deletion = await request<AccountDeletion>('/account/auth/me/deletion', { method: 'POST' })
      await request('/bff/session', { method: 'DELETE' }).catch(() => {})
      return deletion
    },
    gcTime: 0
  })
}

/** The user that the example API sees; `null` if the API is another one, which has no such route. */
export function useApiIdentity() {
  return useQuery({
    queryKey: ['account', 'api-identity'],
    queryFn: async ({ signal }) => identityOf(await request<unknown>('/api/me', { signal })),
    retry: false,
    staleTime: 60_000
  })
}

function identityOf(response: unknown): ApiIdentity | null {
  const identity = (response ?? {}) as Partial<ApiIdentity>
  const isExample = [identity.username, identity.scope, identity.session_id].every((text) => typeof text === 'string')
  return isExample ? (identity as ApiIdentity) : null
}

export function useOwnSessions(cursor: string | undefined) {
  return useQuery({
    queryKey: [...sessionsKey, cursor],
    queryFn: ({ signal }) =>
      request<OwnSessionPage>('/account/auth/sessions', { query: { cursor, limit: 10 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useEndOwnSession() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request(`/account/auth/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsKey })
  })
}

export function useEndOtherSessions() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request('/account/auth/logout-others', { method: 'POST' }),
    // Not awaited: the button disappears with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: sessionsKey })
    }
  })
}

export function useChangePassword() {
  const client = useQueryClient()
  const unanswered = useRef<string[]>([])
  return useMutation({
    mutationFn: async (change: PasswordChange) => {
      try {
        await sendPassword(change, unanswered.current)
        unanswered.current = []
      } catch (error) {
        if (isUnavailable(error)) unanswered.current = [change.new_password, ...unanswered.current].slice(0, 3)
        throw error
      }
    },
    // The variables contain two passwords, which are no longer needed.
    gcTime: 0,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: sessionsKey })
    }
  })
}

/**
 * Changes the password. If the response was lost, the change may be done: when the current password is rejected, the new one
 * is tried in its place, which proves it.
 */
async function sendPassword(change: PasswordChange, unanswered: readonly string[]): Promise<void> {
  let refusal: unknown
  for (const current_password of [change.current_password, ...unanswered]) {
    try {
      return await request('/account/auth/password', { method: 'POST', body: { ...change, current_password } })
    } catch (error) {
      if (!isOtherPassword(error)) throw error
      refusal ??= error
    }
  }
  throw refusal
}

/** Whether the password differs from the one given as the current one. */
function isOtherPassword(error: unknown): boolean {
  return (
    isConflict(error) || (error instanceof ApiError && error.issues.some(({ path }) => path === 'current_password'))
  )
}
