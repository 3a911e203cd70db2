import type { ClientInfo } from '../client-info.ts'
import type { Bytes } from '../hashes.ts'
import type { AuthorizationRequest, Decision, RequestedAuthorization } from './authorization-request.ts'

/** The session by which a user claims a request. */
export interface ClaimingSession {
  readonly userId: string
  readonly sessionId: string
}

export type ClaimOutcome =
  | { readonly outcome: 'claimed'; readonly request: AuthorizationRequest; readonly apiScopes: readonly ApiScopeText[] }
  /** The user has to sign in again, or with a second factor (RFC 9470). */
  | { readonly outcome: 'needs_sign_in'; readonly maxAgeSeconds: number | undefined; readonly acr: string | undefined }
  | { readonly outcome: 'unknown' | 'taken' | 'session_ended' }

/** A scope with the name of its API and its sentence. */
export interface ApiScopeText {
  readonly scope: string
  readonly apiName: string
  readonly description: string
}

/** What becomes of a request in its browser: a code, an error, or nothing yet. */
export type Verdict =
  | { readonly kind: 'code' }
  | { readonly kind: 'error'; readonly error: string; readonly description: string }
  | { readonly kind: 'undecided' }

/** The authorization requests. Each method is atomic. */
export interface AuthorizationRequests {
  /** Keeps a request until a browser begins it (RFC 9126). */
  push(idHash: Bytes, request: RequestedAuthorization): Promise<void>
  begin(idHash: Bytes, browserHash: Bytes, request: RequestedAuthorization): Promise<void>
  /** Begins a pushed request, once. @returns whether there was one of this client */
  beginPushed(pushed: { pushedHash: Bytes; clientId: string; idHash: Bytes; browserHash: Bytes }): Promise<boolean>
  /** @returns `undefined` when there is none, or it was used or expired */
  find(idHash: Bytes): Promise<AuthorizationRequest | undefined>
  /** Gives a request to the user of a session; the first user keeps it. */
  claim(idHash: Bytes, ticketHash: Bytes, session: ClaimingSession): Promise<ClaimOutcome>
  /** Lets another user go on with a request that this session claimed and that is not decided. */
  release(idHash: Bytes, session: ClaimingSession): Promise<'released' | 'unknown' | 'taken'>
  /** Decides about a request, by the session that claimed it. What is allowed is kept as consent, unless the client is first-party. */
  decide(
    idHash: Bytes,
    ticketHash: Bytes,
    decision: ClaimingSession & { readonly decision: Decision; readonly origin: ClientInfo }
  ): Promise<'decided' | 'unknown' | 'taken' | 'session_ended'>
  /**
   * Ends a request in the browser that began it, unless it is undecided. With `code` the code is kept. In another browser the
   * ticket and its claim become void.
   * @param decide gets the request, and whether the browser is the one in which the user is signed in
   */
  complete(
    presented: { idHash: Bytes; browserHash: Bytes; ticketHash: Bytes | undefined; codeHash: Bytes },
    decide: (request: AuthorizationRequest, hasTicket: boolean) => Verdict
  ): Promise<{ readonly request: AuthorizationRequest; readonly verdict: Verdict } | undefined>
}
