/** Requests of apps to sign their users out (OpenID Connect RP-Initiated Logout 1.0). */
import type { Bytes } from '../hashes.ts'

/** How long a request waits for its user, in seconds. */
export const logoutRequestSeconds = 600

export interface RequestedLogout {
  readonly clientId: string | undefined
  /** The user of the ID token that the app sent, and its own session of which that is. */
  readonly hintedUserId: string | undefined
  readonly hintedSessionId: string | undefined
  /** Where the browser goes afterwards; proven. */
  readonly returnTo: string | undefined
  /** Whether the app has named an address that it has not registered. */
  readonly isReturnRefused: boolean
  readonly state: string | undefined
  readonly uiLocales: readonly string[]
}

/** A request that waits. */
export interface WaitingLogout extends RequestedLogout {
  /** The session of the browser in which the app got that ID token; absent when its own session is not known any more. */
  readonly browserSessionId: string | undefined
}

/** The logout requests. Each method is atomic. */
export interface LogoutRequests {
  /** @param browserHash absent for one whose browser is still to be named */
  begin(idHash: Bytes, browserHash: Bytes | undefined, request: RequestedLogout): Promise<void>
  /** Names the browser of a request, once, and gives it another id. @returns whether there was one */
  nameBrowser(names: { formerHash: Bytes; idHash: Bytes; browserHash: Bytes }): Promise<boolean>
  /** @returns `undefined` when there is none, or it was used or expired */
  find(idHash: Bytes): Promise<WaitingLogout | undefined>
  /**
   * Uses a request up. An address that its client no longer goes by is not in it.
   * @returns `undefined` in another browser than the one that began it; then it is still there
   */
  complete(idHash: Bytes, browserHash: Bytes): Promise<RequestedLogout | undefined>
}
