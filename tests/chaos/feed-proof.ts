/** What every fault of a feed is checked by, whatever carries the feed. docs/faults.md has the promises. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import {
  type ObservedResponse,
  type Observer,
  type Revocation,
  type Session,
  startTraffic,
  violationsIn
} from './feed-traffic.ts'
import type { LocalVerifier } from './feed-views.ts'

/** How long a token may still be accepted after the revoking call has returned: while the feed is healthy, … */
export const healthyBoundMs = 1000
/** … and during a fault: `maxStalenessSeconds`, and what a busy machine adds. */
export const faultBoundMs = 5500

export interface FeedUnderTest {
  /** All verifiers, also those that have joined. */
  readonly observers: readonly Observer[]
  /** Never revoked. */
  readonly good: readonly Session[]
  /** Revoked so far, or being revoked. */
  readonly revoked: readonly Session[]
  /** Another verifier that starts to follow now. */
  join(name: string): LocalVerifier
  leave(verifier: LocalVerifier): Promise<void>
  /** Ends the next session; the bound is how long a verifier may still respond with 200. */
  revoke(boundMs: number): Promise<Session>
  /** Waits until all verifiers know everything again; returns what still differs between the outbox and the views. */
  untilRecovered(withinMs: number): Promise<string[]>
}

export interface Fault {
  /** Whether sessions are revoked all the time. Not while there is no issuer, unless `revoke` tries again. */
  readonly revokes?: boolean
  readonly revokesEveryMs?: number
  /** Whether the fault is long enough for verifiers to respond with 503. */
  readonly isLong?: boolean
  readonly recoversWithinMs?: number
  /** When a verifier joins, counted from the start of the fault. */
  readonly joinsAfterMs?: number
  /** How long that verifier may accept what was revoked just before the fault. Default: as long as the others. */
  readonly joinerBoundMs?: number
}

/**
 * Asks every verifier all the time, before, during and after the fault; ends sessions in all three phases; lets one verifier join
 * during the fault and another one afterwards.
 */
export async function proveUnderFault(
  feed: FeedUnderTest,
  fault: () => Promise<void>,
  options: Fault = {}
): Promise<void> {
  const { revokes = true, revokesEveryMs = 900, isLong = false, recoversWithinMs = 8000, joinsAfterMs = 150 } = options
  const joiner = 'verifier that joined during the fault'
  const traffic = startTraffic(feed.observers, () => [...feed.good, ...feed.revoked])
  const joined: LocalVerifier[] = []
  let stopRevoking = async () => {}
  let joining: Promise<void> | undefined
  const join = (name: string) => {
    const verifier = feed.join(name)
    joined.push(verifier)
    return verifier
  }
  try {
    const first = await feed.revoke(healthyBoundMs)
    const isKnown = async () => {
      const statuses = await Promise.all(feed.observers.map(({ ask }) => ask(first.accessToken)))
      return statuses.every((status) => status === 401)
    }
    // A verifier that is cut off before it has heard cannot keep the bound.
    await vi.waitUntil(isKnown, { timeout: 5000, interval: 20 })

    const faultFrom = performance.now()
    if (revokes) stopRevoking = revokeAgainAndAgain(feed, revokesEveryMs)
    joining = delay(joinsAfterMs).then(() => traffic.add(join(joiner)))
    await fault()
    await joining
    await stopRevoking()
    await feed.revoke(faultBoundMs)
    const notRecovered = await feed.untilRecovered(recoversWithinMs)
    const recoveredBy = performance.now()
    const boundOf = ({ observer, session }: ObservedResponse, { boundMs }: Revocation) =>
      observer === joiner && session === first ? (options.joinerBoundMs ?? boundMs) : boundMs
    const violations = () => violationsIn(traffic.responses, { faultFrom, recoveredBy, boundOf })
    // What has not recovered by now may never be ready.
    if (notRecovered.length > 0) expect([...notRecovered, ...violations()]).toEqual([])

    const late = join('verifier that joined afterwards')
    await late.verifier.ready()
    traffic.add(late)
    await feed.revoke(healthyBoundMs)
    await delay(healthyBoundMs + 100)
    await traffic.stop()
    expect([...violations(), ...(await feed.untilRecovered(3000))]).toEqual([])
    // The one that joins has nothing to begin with.
    const outage = traffic.responses.filter(({ observer, status }) => observer !== joiner && status === 503)
    if (isLong) expect(outage.length).toBeGreaterThan(0)
  } finally {
    // Where the fault itself failed, they still go on.
    await Promise.allSettled([joining, stopRevoking()])
    await traffic.stop()
    await Promise.all(joined.map((verifier) => feed.leave(verifier)))
  }
}

function revokeAgainAndAgain(feed: FeedUnderTest, everyMs: number): () => Promise<void> {
  const stopping = new AbortController()
  const revoking = (async () => {
    while (!stopping.signal.aborted) {
      await feed.revoke(faultBoundMs)
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })()
  revoking.catch(() => {})
  return async () => {
    stopping.abort()
    await revoking
  }
}
