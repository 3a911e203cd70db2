/** Owners and thieves with the tokens of one session, in virtual time, and the properties from their point of view. */
import {
  type Outcome,
  present,
  type RefreshSettings,
  type RefreshState,
  type RulePieces,
  rulePieces
} from './refresh-rule.ts'

type Random = () => number

/** A presented token, and the response. The properties use only what the parties can see. */
export interface Presentation {
  readonly at: number
  readonly party: 'owner' | 'thief'
  readonly presented: number
  /** The token that was given; without one the session has ended. */
  readonly given?: number
  /** Invisible for the parties: for the comparison with Postgres. */
  readonly outcome: Outcome
}

export interface Schedule {
  readonly presentations: readonly Presentation[]
  /** Whether a thief got a token of their own. */
  readonly isRobbed: boolean
  readonly isAlive: boolean
}

/** Three replicas have clocks that are a minute apart. The rule reads none of them; a mutation does. */
export type Clocks = 'database' | 'replicas'
const replicaClocks = [-60, 0, 60]

export interface Ways {
  readonly settings: RefreshSettings
  readonly pieces?: RulePieces
  readonly clocks?: Clocks
  readonly hasThief: boolean
  /** Rounds every moment to a multiple of this, in seconds. */
  readonly step?: number
}

/** Repeatable randomness: mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Plays one schedule. The owner has one store; each of its requests presents what the store held when it began, and nothing
 * is longer in flight than half a window. A thief copies any token at any moment.
 */
export function play(
  seed: number,
  { settings, pieces = rulePieces, clocks = 'database', hasThief, step = 0 }: Ways
): Schedule {
  const random = randomOf(seed)
  const { retryWindow: window, recovery } = settings
  const between = (low: number, high: number) => low + random() * (high - low)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const queue: { at: number; run: (now: number) => void }[] = []
  const later = (at: number, run: (now: number) => void) => {
    queue.push({ at: step ? Math.round(at / step) * step : at, run })
  }

  const state: RefreshState = { current: 0, advancedAt: 0, uses: [] }
  const presentations: Presentation[] = []
  let isAlive = true
  const arrive = (party: Presentation['party'], presented: number, now: number): number | undefined => {
    const replicaClock = pick(replicaClocks)
    const clock = now + (clocks === 'replicas' ? replicaClock : 0)
    const outcome = isAlive ? present(state, presented, clock, settings, pieces) : 'replayed'
    if (outcome === 'replayed') isAlive = false
    const given = isAlive ? state.current : undefined
    presentations.push({ at: now, party, presented, outcome, ...(given === undefined ? {} : { given }) })
    return given
  }

  let store = 0
  const exposed = [0]
  const loss = pick([0, 0.05, 0.3, 0.7, 0.95])
  const slowness = pick([0.001, 0.01, 0.5, 1])
  const flight = () => (random() < 0.2 ? random() ** 3 : random() * slowness) * (window / 2)
  const ownerRequest = (now: number) => {
    const presented = store
    later(now + flight(), (arrival) => {
      const given = arrive('owner', presented, arrival)
      if (given === undefined) return
      exposed.push(given)
      if (random() < loss) return
      later(arrival + flight(), () => {
        store = given
      })
    })
  }
  // The owner comes back before R is over: by a request that arrives.
  const longestPause = recovery - 2 * window
  const pauses = [0.1, window / 4, window * 0.9, window * 1.1, window * 1.9, window * 2.2, window * 10, longestPause]
  let begin = 1
  let heard = 0
  for (let bursts = Math.ceil(random() * 12); bursts > 0; bursts--) {
    const spread = pick([0, 0.06, 1, window / 2, window, 2 * window])
    for (let requests = pick([1, 1, 2, 3, 5, 10, 20, 40]); requests > 0; requests--) {
      if (random() < loss / 2) continue
      const at = begin + random() * spread
      later(at, ownerRequest)
      heard = Math.max(heard, at)
    }
    begin = Math.min(begin + spread + pick(pauses) * between(0.9, 1.1), heard + longestPause)
    if (begin < heard + longestPause) continue
    heard = begin
    later(begin, ownerRequest)
  }

  let stolen = 0
  let thiefRefreshes = 0
  const thiefRequest = (now: number) => {
    // A copy of some existing token, or one that the thief has received.
    const presented = thiefRefreshes === 0 || random() < 0.2 ? pick(exposed.slice(-3)) : stolen
    later(now + flight(), (arrival) => {
      const given = arrive('thief', presented, arrival)
      if (given === undefined) return
      thiefRefreshes += 1
      later(arrival + flight(), () => {
        stolen = given
      })
    })
  }
  if (hasThief) {
    let at = between(0, begin)
    for (let tries = pick([1, 2, 5, 10]); tries > 0; tries--) {
      later(at, thiefRequest)
      at += pick(pauses) * between(0.9, 1.1)
    }
  }
  runAll()
  if (hasThief && thiefRefreshes > 0) {
    // Both continue with the newest token that they have received, two windows and more apart: one of them has to notice.
    let now = (presentations.at(-1)?.at ?? 0) + window
    for (let turn = 0; turn < 6; turn++) {
      now += 2.1 * window
      const given = arrive(turn % 2 ? 'thief' : 'owner', turn % 2 ? stolen : store, now)
      if (given === undefined) break
      if (turn % 2) stolen = given
      else store = given
    }
  }
  return { presentations, isRobbed: thiefRefreshes > 0, isAlive }

  /** What was put down first comes first, of two at the same moment. */
  function runAll(): void {
    while (queue.length > 0) {
      let first = 0
      for (let at = 1; at < queue.length; at++) {
        if ((queue[at]?.at ?? 0) < (queue[first]?.at ?? 0)) first = at
      }
      const [{ at, run }] = queue.splice(first, 1) as [(typeof queue)[0]]
      run(at)
    }
  }
}

export const properties = {
  'no owner without a thief is ever logged out': ({ presentations }: Schedule): boolean =>
    presentations.some(({ party }) => party === 'thief') || presentations.every(({ given }) => given !== undefined),

  /** One got a token; more than two windows later another one refreshed without it. Then that token is no longer valid. */
  'two parties never go on side by side more than 2W apart': (schedule: Schedule, window: number): boolean => {
    const { presentations, isRobbed, isAlive } = schedule
    if (isRobbed && isAlive) return false
    const passed = new Set<number>()
    for (const [at, { party, presented, given, at: now }] of presentations.entries()) {
      if (given === undefined) continue
      if (passed.has(presented)) return false
      const before = presentations[at - 1]
      const isFarBehind = before && before.party !== party && now - before.at > 2 * window
      if (isFarBehind && before.given !== undefined && before.given !== presented) passed.add(before.given)
    }
    return true
  }
} as const
