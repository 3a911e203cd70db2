/** The sessions of browsers: a cookie names one, and the tokens behind it stay here. */
import {
  InvalidGrantError,
  NotSignedInError,
  OAuthError,
  TemporarilyUnavailableError,
  type TokenResponse
} from '@countersign/oauth'
import type { BrowserOrigin, IssuerClient } from '../issuer/issuer-client.ts'
import { createIssuerPatience, late } from '../issuer/issuer-patience.ts'
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
  /**
   * @returns the session with an access token that is good for a while; refreshed if need be, and when that takes long, with
   * the one that is good still
   */
  freshen(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession>
  /**
   * Asks the issuer whether the session lives. While it does not answer, a session lives as long as its access token.
   * @throws {NotSignedInError} when the issuer has ended it; it is gone here too then
   */
  confirm(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession>
  /**
   * Refreshes at once, for a token that an API has refused.
   * @throws {NotSignedInError} when the issuer has ended the session; it is gone here too then
   */
  renew(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession>
  /**
   * Ends a session here and at the issuer; at once here, and there when it answers.
   * @throws {TemporarilyUnavailableError} when it may still be here; the issuer is told all the same
   */
  end(session: PresentedSession, browser: BrowserOrigin): Promise<void>
  /** Waits for the refreshes under way, which nobody may be waiting for any more, so that none is lost at the end of a process. */
  settle(): Promise<void>
}

/** For whoever has an access token that is good without an answer, too. */
const shortWait = { ms: 1_000, lateMs: 100 }
/** For whoever has nothing else. */
const longWait = { ms: 10_000, lateMs: 1_000 }
const settlingMs = 10_000

export function createBrowserSessions(deps: BrowserSessionsDeps): BrowserSessions {
  const { store, issuer, metrics, pendingSignOuts, idleSeconds, absoluteSeconds, clock } = deps
  /** Requests of one session that arrive together share a refresh. Between replicas the rotation sees to it. */
  const renewals = new Map<string, Promise<PresentedSession>>()
  const patience = createIssuerPatience()

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
    freshen,
    async confirm(session, browser) {
      const fresh = await freshen(session, browser)
      const isLive = await withoutIssuer(fresh, late, () =>
        patience.waitFor(issuer.isLive(fresh.accessToken, browser), shortWait)
      )
      // Its key may have been pulled, and the session be good: the refresh token tells.
      return isLive === false ? renew(fresh, browser) : fresh
    },
    renew,
    async end(session, browser) {
      try {
        // First here: a cookie that somebody has copied is dead, whatever becomes of the rest.
        await store.remove(storageKey(session.id))
        metrics.countSession('signed_out')
      } finally {
        await signOutAtIssuer(session, browser)
      }
    },
    async settle() {
      const timeout = new Promise((resolve) => setTimeout(resolve, settlingMs).unref())
      await Promise.race([Promise.allSettled(renewals.values()), timeout])
    }
  }

  async function freshen(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession> {
    if (clock.now() < session.refreshAt) return session
    if (clock.now() >= session.accessExpiresAt) return renew(session, browser)
    const renewed = await withoutIssuer(session, late, () =>
      patience.waitFor(shareRenewal(session, browser), shortWait)
    )
    return renewed === late ? session : renewed
  }

  /** @returns a substitute while the issuer is away, for as long as the access token is good without it */
  async function withoutIssuer<T, S>(session: BrowserSession, substitute: S, ask: () => Promise<T>): Promise<T | S> {
    return ask().catch((error) => {
      const isAway = error instanceof OAuthError && error.status === 503
      if (isAway && clock.now() < session.accessExpiresAt) return substitute
      throw error
    })
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

  async function renew(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession> {
    const renewed = await patience.waitFor(shareRenewal(session, browser), longWait)
    if (renewed !== late) return renewed
    throw new TemporarilyUnavailableError({
      description: 'The token issuer has not answered in time. Try again in a moment.',
      detail: 'a refresh takes long'
    })
  }

  /** It goes on when nobody waits for it any more: what the issuer has rotated is stored. */
  function shareRenewal(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession> {
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
