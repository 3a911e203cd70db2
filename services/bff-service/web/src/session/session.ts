import { type QueryClient, useQuery } from '@tanstack/react-query'
import { createContext, use } from 'react'
import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { SignedIn } from '../api/types.ts'

/** Why nobody is signed in: the session ended by itself or elsewhere, the person signed out here, or there was none. */
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
        return { status: 'signed_in', session: await request<SignedIn>('/bff/session', { signal }) }
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401) throw error
        const before = client.getQueryData<SessionState>(sessionKey)
        if (before?.status === 'signed_in') forgetAnswers(client)
        return before?.status === 'signed_out' ? before : { status: 'signed_out', reason: before ? 'ended' : 'none' }
      }
    },
    staleTime: 60_000
  })
}

export function beginSession(client: QueryClient, session: SignedIn): void {
  forgetAnswers(client)
  setState(client, { status: 'signed_in', session })
}

export function endSession(client: QueryClient, reason: SignedOutReason = 'ended'): void {
  // An answer that comes late, to a page that somebody has signed out of, changes nothing.
  if (client.getQueryData<SessionState>(sessionKey)?.status === 'signed_out') return
  setState(client, { status: 'signed_out', reason })
  forgetAnswers(client)
}

function setState(client: QueryClient, state: SessionState): void {
  client.setQueryData(sessionKey, state)
}

/** What one person has seen is not there for the next one at the same browser. */
function forgetAnswers(client: QueryClient): void {
  const filters = { predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== sessionKey[0] }
  void client.cancelQueries(filters)
  client.removeQueries(filters)
}

export const SignedInContext = createContext<SignedIn | undefined>(undefined)

/** The session of whoever looks at a page behind `RequireSession`. */
export function useSignedIn(): SignedIn {
  const session = use(SignedInContext)
  if (!session) throw new TypeError('useSignedIn is for pages inside RequireSession')
  return session
}

export function isAdmin({ roles }: SignedIn): boolean {
  return roles.includes('admin')
}
