import { randomUUID } from 'node:crypto'
import { InvalidGrantError, NotSignedInError, type TokenResponse } from '@countersign/oauth'
import type { ClientInfo, IssuerClient } from '../issuer/issuer-client.ts'
import type { BffMetrics } from '../metrics.ts'
import type { EncryptedStore, PresentedSession } from './encrypted-store.ts'
import { createSession } from './session.ts'
import type { UnstoredRenewals } from './unstored-renewals.ts'

export interface SessionRenewalsDeps {
  encryptedStore: EncryptedStore
  unstored: UnstoredRenewals
  issuer: IssuerClient
  metrics: BffMetrics
  clock: { now(): number }
  /** How long a replica waits for another one's renewal before it takes over, in milliseconds. Default 3,000. */
  takeOverAfterMs?: number
}

export interface SessionRenewals {
  /**
   * Exchanges the tokens of a session, or joins a running exchange: parallel requests of one session share it, and a replica
   * waits for another one's. It continues when no request waits for it any more. The issuer rotates nothing before the store
   * has accepted a write, and a result that cannot be stored is kept until it can.
   * @throws {NotSignedInError} when the issuer has ended the session; it is then removed here, too
   */
  share(session: PresentedSession, browser: ClientInfo): Promise<PresentedSession>
  /** Waits for running renewals, ten seconds at most. */
  settle(): Promise<void>
}

const settlingMs = 10_000
const pollIntervalMs = 50

export function createSessionRenewals({
  encryptedStore,
  unstored,
  issuer,
  metrics,
  clock,
  takeOverAfterMs = 3_000
}: SessionRenewalsDeps): SessionRenewals {
  const holder = randomUUID()
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

  async function exchange(session: PresentedSession, browser: ClientInfo): Promise<PresentedSession> {
    const { id, version, endsAt } = session
    const kept = unstored.newest(session)
    if (kept.version > version) return kept
    // Otherwise the next rotation would be the second one that is not stored.
    await unstored.store(id)
    const current = await claim(session)
    // A slow request has an old version; its refresh token may no longer be valid.
    if (current.version > version) return current
    const tokens = await refresh(current, browser)
    const next = createSession(tokens, { now: clock.now(), version: version + 1, endsAt })
    const isStored = await encryptedStore.replace(id, next).catch((error) => {
      unstored.keep({ ...next, id }, error)
      return true
    })
    // Another replica has already stored the same successor; unless the session was ended meanwhile.
    if (!isStored && !(await encryptedStore.find(id))) throw new NotSignedInError()
    return { ...next, id }
  }

  /** Waits while another replica refreshes the same version: it may have a result that is not stored yet. */
  async function claim({ id, version }: PresentedSession): Promise<PresentedSession> {
    for (let waitedMs = 0; ; waitedMs += pollIntervalMs) {
      const takesOver = waitedMs >= takeOverAfterMs
      const claimed = await encryptedStore.claim(id, { version, holder, takesOver })
      if (!claimed) throw new NotSignedInError()
      if (!claimed.isElsewhere) return claimed.session
      await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
    }
  }

  async function refresh({ id, refreshToken }: PresentedSession, browser: ClientInfo): Promise<TokenResponse> {
    try {
      const tokens = await issuer.refresh(refreshToken, browser)
      metrics.countRefresh('refreshed')
      return tokens
    } catch (error) {
      const hasEnded = error instanceof InvalidGrantError
      metrics.countRefresh(hasEnded ? 'ended' : 'failed')
      // If the store does not accept it now, the next request finds that out again.
      await (hasEnded ? encryptedStore.remove(id) : encryptedStore.release(id)).catch(() => {})
      throw hasEnded ? new NotSignedInError({ cause: error }) : error
    }
  }
}
