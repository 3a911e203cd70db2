import { isDeepStrictEqual } from 'node:util'
import type { TokenResponse } from '@countersign/oauth'
import { type ApiResponse, get, query, untilReady, usedSecrets } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { type CrashFixture, openCrashFixture } from './crash-fixture.ts'
import { type Case, type Operation, operations } from './crash-operations.ts'
import { type CrashPoint, crashPointsOf, holdAt, learnSteps, type Step } from './crash-plan.ts'
import { signInOperations } from './crash-sign-ins.ts'

interface PlannedCrash {
  readonly name: string
  readonly operation: Operation
  readonly point: CrashPoint
}

interface Learnt {
  readonly name: string
  readonly fault?: unknown
}

// Opened before the tests are collected: the crash points are learned by watching each operation once.
const fixture = inject('docker') ? await openCrashFixture() : undefined
const { crashes, learnt } = fixture ? await planCrashes(fixture) : { crashes: [], learnt: [] }

describe.skipIf(!fixture)('an auth-service that is killed and started again', () => {
  const revoked: { during: string; session: TokenResponse }[] = []

  afterAll(async () => {
    await fixture?.close()
  })

  for (const { name, fault } of learnt) {
    test(`${name}, without a fault, commits once and completes`, () => {
      if (fault) throw fault
    })
  }

  describeRounds(crashes.filter(({ operation }) => !operation.losesFeed))

  test('denies every session that has ended to a verifier that was up all the time', async () => {
    if (fixture) await expectAllRefused(fixture.statusOfMe)
  })

  test('has published in the end all that was committed, also for a verifier that is started afterwards', async () => {
    if (!fixture) return
    const unpublished = () => query(fixture.databaseUrl, 'SELECT value FROM revocations WHERE published_at IS NULL')
    await expect.poll(unpublished, { timeout: 5000, interval: 100 }).toEqual([])
    await expectAllRefused(await startVerifier(fixture))
  })

  // Rewriting the feed would repair what had not been published.
  describeRounds(crashes.filter(({ operation }) => operation.losesFeed))

  test('denies the same after the feed was lost and rewritten', async () => {
    if (!fixture) return
    await expectAllRefused(fixture.statusOfMe)
    await expectAllRefused(await startVerifier(fixture))
    const ending = crashes.filter(({ operation }) => !signInOperations.includes(operation))
    expect(revoked.length).toBeGreaterThan(ending.length / 3)
  })

  test('has written no token and no password to its logs', () => {
    const logs = fixture?.logs() ?? ''
    expect([...usedSecrets].filter((secret) => logs.includes(secret))).toEqual([])
  })

  function describeRounds(crashes: readonly PlannedCrash[]): void {
    for (const round of inRounds(crashes)) {
      describe('keeps its promises:', () => {
        let cases: ReadonlyMap<PlannedCrash, Case>
        let responses: ReadonlyMap<PlannedCrash, ApiResponse | undefined>
        beforeAll(async () => {
          if (!fixture) return
          const crashed = await crashRound(fixture, round)
          cases = crashed.cases
          responses = crashed.responses
        })

        for (const crash of round) {
          // Each has users of its own.
          test.concurrent(crash.name, async () => {
            const { verify, ended, status } = cases.get(crash) as Case
            const response = responses.get(crash)
            if (response) expect(response.status).toBe(status)
            await verify(crash.point.isCommitted)
            revoked.push(...ended.map((session) => ({ during: crash.name, session })))
          })
        }
      })
    }
  }

  async function expectAllRefused(statusOfMe: CrashFixture['statusOfMe']): Promise<void> {
    const notRefused = async () => {
      const statuses = await Promise.all(revoked.map(({ session }) => statusOfMe(session.access_token)))
      return revoked.flatMap(({ during }, at) => (statuses[at] === 401 ? [] : [`${during}: ${statuses[at]}`]))
    }
    await expect.poll(notRefused, { timeout: 5000, interval: 100 }).toEqual([])
  }
})

async function startVerifier(fixture: CrashFixture): Promise<CrashFixture['statusOfMe']> {
  const service = await fixture.startResource()
  await untilReady(service)
  return async (accessToken) => (await get(`${service.url}/me`, accessToken)).status
}

/** An operation whose steps cannot be learned has no crash points, and a test that says why. */
async function planCrashes(fixture: CrashFixture): Promise<{ crashes: PlannedCrash[]; learnt: Learnt[] }> {
  const crashes: PlannedCrash[] = []
  const learnt: Learnt[] = []
  for (const operation of [...operations, ...signInOperations]) {
    const { name, commits } = operation
    try {
      const steps = await learnSteadySteps(fixture, operation)
      const points = crashPointsOf(steps, commits)
      crashes.push(...points.map((point) => ({ name: `${name}, ${point.name}`, operation, point })))
      learnt.push({ name })
    } catch (fault) {
      learnt.push({ name, fault })
    }
  }
  return { crashes, learnt }
}

/** Until two runs in succession have the same steps: background work that comes in between is no step. */
async function learnSteadySteps(fixture: CrashFixture, operation: Operation): Promise<Step[]> {
  let last = await learnOnce(fixture, operation)
  for (let attempt = 0; attempt < 5; attempt++) {
    const next = await learnOnce(fixture, operation)
    if (isDeepStrictEqual(last, next)) return next
    last = next
  }
  throw new Error(`its steps are not always the same; at last they were ${JSON.stringify(last)}`)
}

async function learnOnce(fixture: CrashFixture, { polls, prepare }: Operation): Promise<Step[]> {
  const { nameOf, run, isOver } = await prepare(fixture)
  const all = await learnSteps(fixture, nameOf, async () => {
    await run()
    await vi.waitFor(async () => expect(await isOver(), 'it is over').toBe(true), { timeout: 8000 })
  })
  return all.filter((step, at) => step.name !== polls || all.findIndex((one) => one.name === polls) === at)
}

/** More would save no start, since each of many points has to be the last of its round. */
const mostInRound = 16

/**
 * A start takes long, and so one crash is to hit many operations, of different users. In a round is at most one point of
 * each, and at most one that has to be the last.
 */
function inRounds(all: readonly PlannedCrash[]): PlannedCrash[][] {
  const rounds: PlannedCrash[][] = []
  for (const crash of all.toSorted((a, b) => Number(isLast(b)) - Number(isLast(a)))) {
    const round = rounds.find(
      (others) =>
        !crash.operation.isAlone &&
        others.length < mostInRound &&
        others.every(({ operation }) => canShare(operation, crash.operation)) &&
        !(isLast(crash) && others.some(isLast))
    )
    if (round) round.push(crash)
    else rounds.push([crash])
  }
  return rounds.map((round) => round.toSorted((a, b) => Number(isLast(a)) - Number(isLast(b))))
}

const canShare = (one: Operation, other: Operation) =>
  one !== other && !one.isAlone && (one.lock === undefined || one.lock !== other.lock)

/** Redis' commands share a connection, which is given up when none gets a response for half a second. */
const isLast = ({ operation, point }: PlannedCrash) =>
  point.steps[point.at]?.store === 'redis' || (operation.goesOn === true && point.isCommitted)

/** Postgres ends a transaction that waits for 5 s, as those that are held do. */
const longestHoldMs = 4500

interface CrashedRound {
  readonly cases: ReadonlyMap<PlannedCrash, Case>
  /** The responses of those that had one by the time of the crash. */
  readonly responses: ReadonlyMap<PlannedCrash, ApiResponse | undefined>
}

/** Prepares and crashes once more what a busy machine has held for too long. */
async function crashRound(fixture: CrashFixture, round: readonly PlannedCrash[]): Promise<CrashedRound> {
  for (let attempt = 1; ; attempt++) {
    const cases = await prepareAll(fixture, round)
    const { responses, heldMs } = await crashIn(fixture, cases)
    if (heldMs < longestHoldMs || attempt === 3) return { cases, responses }
  }
}

/** Runs each operation up to its crash point; when all have reached it, kills the auth-service. */
async function crashIn(
  fixture: CrashFixture,
  cases: CrashedRound['cases']
): Promise<Pick<CrashedRound, 'responses'> & { heldMs: number }> {
  let isGone = () => {}
  const gone = new Promise<void>((resolve) => {
    isGone = resolve
  })
  const attempts = new Map<PlannedCrash, Promise<ApiResponse | undefined>>()
  const stops: (() => void)[] = []
  let heldSince = Number.POSITIVE_INFINITY
  let heldMs = 0
  try {
    for (const [crash, { nameOf, run }] of cases) {
      const { reached, stop } = holdAt(fixture, nameOf, crash.point, gone)
      stops.push(stop)
      const attempt = run().catch(() => undefined) // nobody is left to respond
      attempts.set(crash, attempt)
      await Promise.race([reached, failAfter(20_000, `${crash.name}: that point was not reached`)])
      heldSince = Math.min(heldSince, performance.now())
      stop()
    }
  } finally {
    await fixture.kill()
    heldMs = performance.now() - heldSince
    isGone()
    for (const stop of stops) stop()
    await fixture.restart()
  }
  const responses = await Promise.all([...attempts].map(async ([crash, attempt]) => [crash, await attempt] as const))
  return { responses: new Map(responses), heldMs }
}

/** Some at once, so that a round does not wait for each hash of a password in turn. The cases are in the order of the crashes. */
async function prepareAll(
  fixture: CrashFixture,
  crashes: readonly PlannedCrash[]
): Promise<ReadonlyMap<PlannedCrash, Case>> {
  const prepared: [PlannedCrash, Case][] = []
  const left = [...crashes.entries()]
  const prepare = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [at, crash] = next
      prepared[at] = [crash, await crash.operation.prepare(fixture)]
    }
  }
  await Promise.all(Array.from({ length: 4 }, prepare))
  return new Map(prepared)
}

function failAfter(milliseconds: number, message: string): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error(message)), milliseconds).unref())
}
