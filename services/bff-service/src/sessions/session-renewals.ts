import { randomUUID } from 'node:crypto'
import {
  InvalidGrantError,
  NotSignedInError,
  TemporarilyUnavailableError,
  type TokenResponse
} from '@countersign/oauth'
import type { ClientInfo, IssuerClient, TokenTarget } from '../issuer/issuer-client.ts'
import type { BffMetrics } from '../metrics.ts'
import type { EncryptedStore, PresentedSession } from './encrypted-store.ts'
import { nameOfTarget, renewSession, tokenFor } from './session.ts'
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
   * Gets a new access token for the target (default: the session's own), or joins a running exchange: parallel requests of one
   * session share it, and a replica waits for another one's. It continues when no request waits for it any more. The issuer
   * rotates nothing before the store has accepted a write, and a result that cannot be stored is kept until it can.
   * @throws {NotSignedInError} when the issuer has ended the session; it is then removed here, too
   */
  share(session: PresentedSession, browser: ClientInfo, target?: TokenTarget): Promise<PresentedSession>
  /** Waits for running renewals, ten seconds at most. */
  settle(): Promise<void>
}

const settlingMs = 10_000
const pollIntervalMs = 50
/** How often other renewals of the same session may come first: other APIs, on other replicas. */
const maxVersionsAhead = 32

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
  /** The last renewal of each session: each rotates the refresh token that the one before it has brought. */
  const lastOfSession = new Map<string, Promise<unknown>>()
  return {
    share(session, browser, target) {
      const name = `${session.id}.${session.version}.${target ? nameOfTarget(target) : ''}`
      const joined = underWay.get(name)
      if (joined) return joined
      const renewal = inTurn(session.id, () => exchange(session, browser, target)).finally(() => underWay.delete(name))
      underWay.set(name, renewal)
      return renewal
    },
    async settle() {
      const timeout = new Promise((resolve) => setTimeout(resolve, settlingMs).unref())
      await Promise.race([Promise.allSettled(underWay.values()), timeout])
    }
  }

  function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (lastOfSession.get(id) ?? Promise.resolve()).then(work, work)
    lastOfSession.set(id, turn)
    return turn.finally(() => {
      if (lastOfSession.get(id) === turn) lastOfSession.delete(id)
    })
  }

  async function exchange(
    session: PresentedSession,
    browser: ClientInfo,
    target: TokenTarget | undefined
  ): Promise<PresentedSession> {
    const outdated = tokenFor(session, target)?.accessToken
    const isRenewed = (other: PresentedSession) => {
      const token = tokenFor(other, target)
      return token !== undefined && token.accessToken !== outdated
    }
    let known = unstored.newest(session)
    if (isRenewed(known)) return known
    // Otherwise the next rotation would be the second one that is not stored.
    await unstored.store(session.id)
    for (let ahead = 0; ahead < maxVersionsAhead; ahead++) {
      const current = await claim(known)
      // A slow request has an old version; its refresh token may no longer be valid.
      if (isRenewed(current)) return current
      if (current.version === known.version) return rotate(current, browser, target)
      known = current
    }
    throw new TemporarilyUnavailableError({ detail: 'the session is renewed for other APIs all the time' })
  }

  async function rotate(
    session: PresentedSession,
    browser: ClientInfo,
    target: TokenTarget | undefined
  ): Promise<PresentedSession> {
    const { id } = session
    const next = renewSession(session, await refresh(session, browser, target), clock.now(), target)
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

  async function refresh(
    { id, refreshToken }: PresentedSession,
    browser: ClientInfo,
    target: TokenTarget | undefined
  ): Promise<TokenResponse> {
    try {
      const tokens = await issuer.refresh(refreshToken, browser, target)
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
