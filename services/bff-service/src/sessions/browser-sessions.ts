/** The sessions of browsers: a cookie names one, and the tokens behind it stay here. */
import { InvalidGrantError, NotSignedInError, OAuthError, type TokenResponse } from '@countersign/oauth'
import type { BrowserOrigin, IssuerClient } from '../issuer/issuer-client.ts'
import type { BffMetrics } from '../metrics.ts'
import { type BrowserSession, createBrowserSession, readBrowserSession } from './browser-session.ts'
import type { PendingSignOuts } from './pending-sign-outs.ts'
import { isSessionId, makeSessionId, openSession, sealSession, storageKey } from './session-sealing.ts'
import type { SessionStore, StoredSession } from './session-store.ts'

export interface BrowserSessionsDeps {
  store: SessionStore
  issuer: IssuerClient
  metrics: BffMetrics
  pendingSignOuts: PendingSignOuts
  idleSeconds: number
  absoluteSeconds: number
  clock: { now(): number }
}

/** A session that a browser has shown the id of. */
export interface PresentedSession extends BrowserSession {
  readonly id: string
}

export interface BrowserSessions {
  /** Signs a user in, under an id that nobody has known before. @throws {OAuthError} as the issuer refuses */
  start(credentials: unknown, browser: BrowserOrigin): Promise<PresentedSession>
  /** @returns the live session of a cookie's value */
  find(id: string | undefined): Promise<PresentedSession | undefined>
  /** @returns the session with an access token that is good for a while; refreshed if need be */
  freshen(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession>
  /**
   * Refreshes at once, for a token that an API has refused.
   * @throws {NotSignedInError} when the issuer has ended the session; it is gone here too then
   */
  renew(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession>
  /** Ends a session here and at the issuer; at once here, and there when it answers. */
  end(session: PresentedSession, browser: BrowserOrigin): Promise<void>
}

export function createBrowserSessions(deps: BrowserSessionsDeps): BrowserSessions {
  const { store, issuer, metrics, pendingSignOuts, idleSeconds, absoluteSeconds, clock } = deps
  /** Requests of one session that arrive together share a refresh. Between replicas the rotation sees to it. */
  const renewals = new Map<string, Promise<PresentedSession>>()

  return {
    async start(credentials, browser) {
      const tokens = await issuer.signIn(credentials, browser)
      const now = clock.now()
      const id = makeSessionId()
      const session = createBrowserSession(tokens, { now, version: 0, endsAt: now + absoluteSeconds * 1000 })
      try {
        await store.create(storageKey(id), await seal(id, session), idleSeconds)
      } catch (error) {
        await signOutAtIssuer(session, browser)
        throw error
      }
      metrics.countSession('started')
      return { ...session, id }
    },
    find,
    async freshen(session, browser) {
      if (clock.now() < session.refreshAt) return session
      return renew(session, browser).catch((error) => {
        // The issuer is away, and the token is good for some seconds still.
        if (error instanceof OAuthError && error.status === 503 && clock.now() < session.accessExpiresAt) return session
        throw error
      })
    },
    renew,
    async end(session, browser) {
      // First here: a cookie that somebody has copied is dead, whatever becomes of the rest.
      await store.remove(storageKey(session.id))
      metrics.countSession('signed_out')
      await signOutAtIssuer(session, browser)
    }
  }

  /** Whoever signs out is signed out: when the issuer is away, it hears of it later. */
  async function signOutAtIssuer({ refreshToken }: BrowserSession, browser: BrowserOrigin): Promise<void> {
    const signOut = () => issuer.signOut(refreshToken, browser)
    await signOut().catch((error) => pendingSignOuts.add(signOut, error))
  }

  async function find(id: string | undefined): Promise<PresentedSession | undefined> {
    if (id === undefined || !isSessionId(id)) return undefined
    const stored = await store.use(storageKey(id), idleSeconds)
    if (!stored) return undefined
    const session = readBrowserSession(await openSession(id, stored.sealed), stored.version, clock.now())
    return session && { ...session, id }
  }

  function renew(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession> {
    const name = `${session.id}.${session.version}`
    const underWay = renewals.get(name)
    if (underWay) return underWay
    const renewal = exchange(session, browser).finally(() => renewals.delete(name))
    renewals.set(name, renewal)
    return renewal
  }

  async function exchange(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession> {
    const { id, endsAt } = session
    const key = storageKey(id)
    const current = await find(id)
    if (!current) throw new NotSignedInError()
    // A request that took long holds an old one; presenting its refresh token would count as a replay.
    if (current.version > session.version) return current
    const { version } = current
    const tokens = await refresh(current, key, browser)
    const next = createBrowserSession(tokens, { now: clock.now(), version: version + 1, endsAt })
    const isStored = await store.replace(key, version, await seal(id, next), idleSeconds)
    // Another replica has stored the same successor before; unless the session was ended meanwhile.
    if (!isStored && !(await find(id))) throw new NotSignedInError()
    return { ...next, id }
  }

  async function refresh(session: PresentedSession, key: string, browser: BrowserOrigin): Promise<TokenResponse> {
    try {
      const tokens = await issuer.refresh(session.refreshToken, browser)
      metrics.countRefresh('refreshed')
      return tokens
    } catch (error) {
      metrics.countRefresh(error instanceof InvalidGrantError ? 'ended' : 'failed')
      if (!(error instanceof InvalidGrantError)) throw error
      await store.remove(key)
      throw new NotSignedInError({ cause: error })
    }
  }

  async function seal(id: string, session: BrowserSession): Promise<StoredSession> {
    return { version: session.version, sealed: await sealSession(id, session) }
  }
}
