import { type QueryClient, useQuery } from '@tanstack/react-query'
import { createContext, use } from 'react'
import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { SignedIn } from '../api/types.ts'
import { showNotice } from '../components/show-message.ts'

/** Why no user is signed in: the session ended by itself or elsewhere, the person signed out, or there was none. */
type SignedOutReason = 'ended' | 'signed_out' | 'none'

export type SessionState =
  | { status: 'signed_in'; session: SignedIn }
  | { status: 'signed_out'; reason: SignedOutReason }

const sessionKey = ['session'] as const

/** Who is signed in, by the cookie that only the bff-service reads. */
export function useSessionState() {
  return useQuery<SessionState>({
    queryKey: sessionKey,
    queryFn: async ({ signal, client }) => {
      try {
        enterSession(client, await request<SignedIn>('/bff/session', { signal }))
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        endSession(client)
      }
      return stateOf(client) ?? { status: 'signed_out', reason: 'none' }
    },
    staleTime: 60_000
  })
}

/** Asks again who is signed in: another tab, or another user of this browser, may have changed that. */
export function lookAgain(client: QueryClient): void {
  void client.refetchQueries({ queryKey: sessionKey })
}

/** The id of the user that the page shows. */
export function shownUserOf(client: QueryClient): string | undefined {
  const state = stateOf(client)
  return state?.status === 'signed_in' ? state.session.user_id : undefined
}

/** Shows the pages of the session's user; what the pages of another user showed is gone then. */
export function enterSession(client: QueryClient, session: SignedIn): void {
  const shownUser = shownUserOf(client)
  setState(client, { status: 'signed_in', session })
  if (shownUser === session.user_id) return
  forgetResponses(client)
  if (shownUser !== undefined) {
    showNotice(`This browser is signed in as ${session.username} now. The page of the other user was closed.`)
  }
}

export function endSession(client: QueryClient, reason: SignedOutReason = 'ended'): void {
  // A late response to a page that somebody has signed out of changes nothing.
  if (stateOf(client)?.status !== 'signed_in') return
  setState(client, { status: 'signed_out', reason })
  forgetResponses(client)
}

function stateOf(client: QueryClient): SessionState | undefined {
  return client.getQueryData<SessionState>(sessionKey)
}

function setState(client: QueryClient, state: SessionState): void {
  client.setQueryData(sessionKey, state)
}

/** What one person has seen is not there for the next one at the same browser. */
function forgetResponses(client: QueryClient): void {
  const filters = { predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== sessionKey[0] }
  void client.cancelQueries(filters)
  client.removeQueries(filters)
}

export const SignedInContext = createContext<SignedIn | undefined>(undefined)

/** The session of the person at a page behind `RequireSession`. */
export function useSignedIn(): SignedIn {
  const session = use(SignedInContext)
  if (!session) throw new TypeError('useSignedIn is for pages inside RequireSession')
  return session
}

export function isAdmin({ roles }: SignedIn): boolean {
  return roles.includes('admin')
}
