import { type QueryClient, useQuery } from '@tanstack/react-query'
import { createContext, use } from 'react'
import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { SignedIn } from '../api/types.ts'
import { showNotice } from '../components/show-message.ts'
import { say } from '../texts/say.ts'
import { hasTypedForm } from './typed-forms.ts'

/** Why no user is signed in: the session ended by itself or elsewhere, the person signed out, or there was none. */
type SignedOutReason = 'ended' | 'signed_out' | 'none'

export type SessionState =
  | { status: 'signed_in'; session: SignedIn }
  | {
      status: 'signed_out'
      reason: SignedOutReason
      /** The session that ended under a form with unsaved input: its user may sign in above it. */
      former?: SignedIn
    }

const sessionKey = ['session'] as const

let isHeld = false

/** While a form shows what must not go away, the page does not notice that its session has started. */
export function holdSession(isOn: boolean): void {
  isHeld = isOn
}

/** The user who is signed in, by the cookie that only the bff-service reads. */
export function useSessionState() {
  return useQuery<SessionState>({
    queryKey: sessionKey,
    queryFn: async ({ signal, client }) => {
      if (isHeld) return stateOf(client) ?? { status: 'signed_out', reason: 'none' }
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

/** Checks again who is signed in: another tab, or another user of this browser, may have changed that. */
export function lookAgain(client: QueryClient): Promise<void> {
  return client.refetchQueries({ queryKey: sessionKey })
}

/** The session that the page shows: a live one, or one that ended under a form. */
export function shownSessionOf(state: SessionState | undefined): SignedIn | undefined {
  return state?.status === 'signed_in' ? state.session : state?.former
}

/** The id of the user that the page shows. */
export function shownUserOf(client: QueryClient): string | undefined {
  return shownSessionOf(stateOf(client))?.user_id
}

/** Shows the pages of the session's user; what the pages of another user showed is gone then. */
export function enterSession(client: QueryClient, session: SignedIn): void {
  const before = stateOf(client)
  if (before?.status === 'signed_in' && before.session.session_id !== session.session_id) replacedAt = Date.now()
  const shownUser = shownUserOf(client)
  setState(client, { status: 'signed_in', session })
  if (shownUser === session.user_id) {
    if (before?.status === 'signed_out') void client.invalidateQueries(responses)
    return
  }
  forgetResponses(client)
  if (shownUser !== undefined) {
    showNotice(say('session.otherUser', { name: session.username }))
  }
}

let replacedAt = 0
const longestRequestMs = 30_000

/** Whether a request may still be under way that came with the session of before, which is refused for it. */
export function wasJustReplaced(): boolean {
  return Date.now() - replacedAt < longestRequestMs
}

export function endSession(client: QueryClient, reason: SignedOutReason = 'ended'): void {
  const shown = shownSessionOf(stateOf(client))
  // A late response to a page that somebody has signed out of changes nothing.
  if (!shown) return
  const isKept = reason === 'ended' && hasTypedForm(document)
  setState(client, { status: 'signed_out', reason, ...(isKept && { former: shown }) })
  if (!isKept) forgetResponses(client)
}

/** Leaves the page of an ended session, with the form that kept it. */
export function leaveEndedPage(client: QueryClient): void {
  setState(client, { status: 'signed_out', reason: 'ended' })
  forgetResponses(client)
}

function stateOf(client: QueryClient): SessionState | undefined {
  return client.getQueryData<SessionState>(sessionKey)
}

function setState(client: QueryClient, state: SessionState): void {
  client.setQueryData(sessionKey, state)
}

const responses = { predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== sessionKey[0] }

/** What one person has seen must not be there for the next one at the same browser. */
function forgetResponses(client: QueryClient): void {
  void client.cancelQueries(responses)
  client.removeQueries(responses)
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
