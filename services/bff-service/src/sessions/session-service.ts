/** The sessions of browsers: a cookie names one, and its tokens stay here. */
import { OAuthError, TemporarilyUnavailableError } from '@countersign/oauth'
import type { Logger } from '@countersign/service-kit'
import { createAdaptiveTimeout, late } from '../issuer/adaptive-timeout.ts'
import type {
  ClientInfo,
  IssuerClient,
  KnownBrowser,
  LastStep,
  SignInResponse,
  TokenTarget
} from '../issuer/issuer-client.ts'
import type { BffMetrics } from '../metrics.ts'
import { createEncryptedStore, type PresentedSession } from './encrypted-store.ts'
import type { PendingSignOuts } from './pending-sign-outs.ts'
import { createSession, type Session, tokenFor } from './session.ts'
import { createSessionRenewals } from './session-renewals.ts'
import type { SessionStore } from './session-store.ts'
import { createUnstoredRenewals } from './unstored-renewals.ts'

export type { PresentedSession } from './encrypted-store.ts'

export interface SessionServiceDeps {
  store: SessionStore
  issuer: IssuerClient
  logger: Logger
  metrics: BffMetrics
  pendingSignOuts: PendingSignOuts
  idleSeconds: number
  absoluteSeconds: number
  clock: { now(): number }
  /** How long a replica waits for another one's refresh before it takes over, in milliseconds. */
  takeOverAfterMs?: number
}

/** A session that has just started. */
export interface StartedSession extends PresentedSession {
  /** The device token for the next sign-in. */
  readonly deviceToken: string | undefined
  /** The token of a browser in which the second factor is not to be asked for. */
  readonly trustedDevice: string | undefined
  /** Once, when the second factor was set up within the sign-in. */
  readonly recoveryCodes: readonly string[] | undefined
}

/** A session after the issuer was asked. */
export interface ConfirmedSession {
  readonly session: PresentedSession
  /** Whether the issuer has said that it lives. */
  readonly isConfirmed: boolean
}

export interface SessionService {
  /** Signs a user in, under a new id. @throws {OAuthError} with the issuer's error */
  start(credentials: object, browser: ClientInfo, known?: KnownBrowser): Promise<StartedSession>
  /** Completes a sign-in by its last step, under a new id. @throws {OAuthError} with the issuer's error */
  complete(step: LastStep, body: object, browser: ClientInfo, known?: KnownBrowser): Promise<StartedSession>
  /** Signs a user in with what the browser brings from another service, under a new id. @throws {OAuthError} with the issuer's error */
  startByProvider(id: string, returned: object, browser: ClientInfo, known?: KnownBrowser): Promise<StartedSession>
  /**
   * Re-authenticates the user of a session. At the issuer, a session under a new id takes the place of this one.
   * @throws {OAuthError} with the issuer's error
   */
  stepUp(session: PresentedSession, proof: object, browser: ClientInfo, known?: KnownBrowser): Promise<StartedSession>
  /** The same, with what the browser brings from another service. @throws {OAuthError} with the issuer's error */
  stepUpByProvider(
    session: PresentedSession,
    id: string,
    returned: object,
    browser: ClientInfo,
    known?: KnownBrowser
  ): Promise<StartedSession>
  /** @returns the live session of a cookie's value */
  find(id: string | undefined): Promise<PresentedSession | undefined>
  /**
   * @param target the API that the token is for. Default: the session's own token
   * @returns the session with an access token that stays valid for a while: refreshed if needed or, if the refresh takes long,
   * the current one while it is valid
   */
  freshen(session: PresentedSession, browser: ClientInfo, target?: TokenTarget): Promise<PresentedSession>
  /**
   * Asks the issuer whether the session lives. While the issuer does not respond, a session lives as long as its access token.
   * @throws {NotSignedInError} when the issuer has ended it; it is then removed here, too
   */
  confirm(session: PresentedSession, browser: ClientInfo): Promise<ConfirmedSession>
  /**
   * Refreshes at once, because an API rejected the token.
   * @throws {NotSignedInError} when the issuer has ended the session; it is then removed here, too
   */
  renew(session: PresentedSession, browser: ClientInfo, target?: TokenTarget): Promise<PresentedSession>
  /**
   * Ends a session here and at the issuer: at once here, and there as soon as it responds.
   * @throws {TemporarilyUnavailableError} when it may still be here; the issuer is asked to end it all the same
   */
  end(session: PresentedSession, browser: ClientInfo): Promise<void>
  /** Removes a session that has ended at the issuer. @throws {TemporarilyUnavailableError} when it may still be here */
  forget(session: PresentedSession): Promise<void>
  /** Waits for running refreshes and tries to store unstored results, so that none is lost when the process ends. */
  settle(): Promise<void>
}

/** For requests whose access token is still valid. */
const shortWait = { ms: 1_000, lateMs: 100 }
/** For requests that have no valid access token. */
const longWait = { ms: 10_000, lateMs: 1_000 }

export function createSessionService(deps: SessionServiceDeps): SessionService {
  const { issuer, metrics, pendingSignOuts, absoluteSeconds, clock } = deps
  const encryptedStore = createEncryptedStore(deps)
  const unstored = createUnstoredRenewals({ ...deps, encryptedStore })
  const renewals = createSessionRenewals({ ...deps, encryptedStore, unstored })
  const adaptiveTimeout = createAdaptiveTimeout()

  return {
    async start(credentials, browser, known) {
      return keep(await issuer.signIn(credentials, browser, known), browser)
    },
    async startByProvider(id, returned, browser, known) {
      return keep(await issuer.finishAtProvider(id, returned, browser, known), browser)
    },
    async complete(step, body, browser, known) {
      return keep(await issuer.completeSignIn(step, body, browser, known), browser)
    },
    async stepUp(session, proof, browser, known) {
      const { accessToken } = await freshen(session, browser)
      return keep(await issuer.stepUp(accessToken, proof, browser, known), browser)
    },
    async stepUpByProvider(session, id, returned, browser, known) {
      const { accessToken } = await freshen(session, browser)
      return keep(await issuer.stepUpAtProvider(id, returned, browser, { accessToken, known }), browser)
    },
    async find(id) {
      const session = await encryptedStore.find(id)
      if (session) return unstored.newest(session)
      if (id !== undefined) unstored.forget(id)
      return undefined
    },
    freshen,
    async confirm(session, browser) {
      const fresh = await freshen(session, browser)
      const isLive = await withoutIssuer(fresh.accessExpiresAt, late, () =>
        adaptiveTimeout.waitFor(issuer.isLive(fresh.accessToken, browser), shortWait)
      )
      // Its key may have been revoked while the session is valid: the refresh shows which.
      if (isLive === false) return { session: await renew(fresh, browser), isConfirmed: true }
      return { session: fresh, isConfirmed: isLive === true }
    },
    renew,
    async end(session, browser) {
      try {
        unstored.forget(session.id)
        // First here: a copied cookie is useless from now on, even if the rest fails.
        await encryptedStore.remove(session.id)
        metrics.countSession('signed_out')
      } finally {
        await signOutAtIssuer(session, browser)
      }
    },
    async forget({ id }) {
      unstored.forget(id)
      await encryptedStore.remove(id)
    },
    async settle() {
      await renewals.settle()
      await unstored.close()
    }
  }

  async function keep(tokens: SignInResponse, browser: ClientInfo): Promise<StartedSession> {
    const now = clock.now()
    const session = createSession(tokens, { now, endsAt: now + absoluteSeconds * 1000 })
    try {
      const presented = await encryptedStore.create(session)
      metrics.countSession('started')
      return {
        ...presented,
        deviceToken: tokens.device_token,
        trustedDevice: tokens.trusted_device,
        recoveryCodes: tokens.recovery_codes
      }
    } catch (error) {
      await signOutAtIssuer(session, browser)
      throw error
    }
  }

  async function freshen(
    session: PresentedSession,
    browser: ClientInfo,
    target?: TokenTarget
  ): Promise<PresentedSession> {
    const token = tokenFor(session, target)
    if (!token || clock.now() >= token.accessExpiresAt) return renew(session, browser, target)
    if (clock.now() < token.refreshAt) return session
    const renewed = await withoutIssuer(token.accessExpiresAt, late, () =>
      adaptiveTimeout.waitFor(renewals.share(session, browser, target), shortWait)
    )
    return renewed === late ? session : renewed
  }

  /** @returns a substitute while the issuer is unavailable, for as long as the access token is valid */
  async function withoutIssuer<T, S>(accessExpiresAt: number, substitute: S, ask: () => Promise<T>): Promise<T | S> {
    return ask().catch((error) => {
      const isUnavailable = error instanceof OAuthError && error.status === 503
      if (isUnavailable && clock.now() < accessExpiresAt) return substitute
      throw error
    })
  }

  /** A sign-out always succeeds: while the issuer is unavailable, it is sent later. */
  async function signOutAtIssuer({ refreshToken }: Session, browser: ClientInfo): Promise<void> {
    const signOut = () => issuer.signOut(refreshToken, browser)
    await signOut().catch((error) => pendingSignOuts.add(signOut, error))
  }

  async function renew(
    session: PresentedSession,
    browser: ClientInfo,
    target?: TokenTarget
  ): Promise<PresentedSession> {
    const renewed = await adaptiveTimeout.waitFor(renewals.share(session, browser, target), longWait)
    if (renewed !== late) return renewed
    throw new TemporarilyUnavailableError({
      description: 'The token issuer did not respond in time. Try again in a moment.',
      detail: 'a refresh takes long'
    })
  }
}
