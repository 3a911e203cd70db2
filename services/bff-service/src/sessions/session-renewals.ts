import { InvalidGrantError, NotSignedInError, type TokenResponse } from '@countersign/oauth'
import type { BrowserOrigin, IssuerClient } from '../issuer/issuer-client.ts'
import type { BffMetrics } from '../metrics.ts'
import { createBrowserSession } from './browser-session.ts'
import type { PresentedSession, SealedSessions } from './sealed-sessions.ts'

export interface SessionRenewalsDeps {
  sealed: SealedSessions
  issuer: IssuerClient
  metrics: BffMetrics
  clock: { now(): number }
}

export interface SessionRenewals {
  /**
   * Exchanges the tokens of a session, or joins the exchange that is under way: requests of one session that arrive together
   * share it. Between replicas the rotation sees to it. It goes on when nobody waits for it any more: what the issuer has
   * rotated is stored.
   * @throws {NotSignedInError} when the issuer has ended the session; it is gone here too then
   */
  share(session: PresentedSession, browser: BrowserOrigin): Promise<PresentedSession>
  /** Waits for those under way, ten seconds at most. */
  settle(): Promise<void>
}

const settlingMs = 10_000

export function createSessionRenewals({ sealed, issuer, metrics, clock }: SessionRenewalsDeps): SessionRenewals {
  const underWay = new Map<string, Promise<PresentedSession>>()
  return {
    share(session, browser) {
      const name = `${session.id}.${session.version}`
      const joined = underWay.get(name)
      if (joined) return joined
      const renewal = exchange(session, browser).finally(() => underWay.delete(name))
      underWay.set(name, renewal)
      return renewal
    },
    async settle() {
      const timeout = new Promise((resolve) => setTimeout(resolve, settlingMs).unref())
      await Promise.race([Promise.allSettled(underWay.values()), timeout])
    }
  }

  async function exchange({ id, endsAt, version: held }: PresentedSession, browser: BrowserOrigin) {
    const current = await sealed.find(id)
    if (!current) throw new NotSignedInError()
    // A request that took long holds an old one; its refresh token may be too old to be good.
    if (current.version > held) return current
    const tokens = await refresh(current, browser)
    const next = createBrowserSession(tokens, { now: clock.now(), version: current.version + 1, endsAt })
    // Another replica has stored the same successor before; unless the session was ended meanwhile.
    if (!(await sealed.replace(id, next)) && !(await sealed.find(id))) throw new NotSignedInError()
    return { ...next, id }
  }

  async function refresh({ id, refreshToken }: PresentedSession, browser: BrowserOrigin): Promise<TokenResponse> {
    try {
      const tokens = await issuer.refresh(refreshToken, browser)
      metrics.countRefresh('refreshed')
      return tokens
    } catch (error) {
      metrics.countRefresh(error instanceof InvalidGrantError ? 'ended' : 'failed')
      if (!(error instanceof InvalidGrantError)) throw error
      await sealed.remove(id)
      throw new NotSignedInError({ cause: error })
    }
  }
}
