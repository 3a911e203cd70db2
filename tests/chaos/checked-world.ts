/** Performs actions on the services, and compares every response and the database with the model. */
import { setTimeout as delay } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { ageSessionsStatement, get, post } from '@countersign/testing/trio'
import { type Call, carryOut, createIssuedTokens, type IssuedTokens } from './calls.ts'
import { apply, type Family, type Outcome, type World } from './family-model.ts'
import { type Fixture, rules, scheduleSeconds } from './fixture.ts'

/** Rows that are locked while calls arrive: so the calls meet there, and continue together. */
export type Hold = 'nothing' | 'user' | 'families'

export interface CheckedWorld {
  /** The model's state, which matches what the services have shown. */
  readonly world: World
  readonly issued: IssuedTokens
  /** Whether an access token of the family is alive by the model's clock. */
  hasLiveAccessToken(familyId: string): boolean
  /**
   * Makes calls at the same time. One order of them must explain all responses and the database afterwards; then the sessions
   * that ended must be rejected everywhere within a second.
   */
  run(calls: readonly Call[], hold?: Hold): Promise<readonly Outcome[]>
  /** Lets time pass: moves all moments of all sessions into the past. */
  pass(seconds: number): Promise<void>
  /** Checks the rest: every live access token, and the newest refresh token of every session that ended. */
  finish(): Promise<void>
}

/** The slack that an entry has for retries and for slow statements, and what is cut off a second. */
const entrySlackSeconds = 65 + 2
const refusedWithinMs = 1000
const longestHoldMs = 1000

export async function createCheckedWorld(fixture: Fixture, { users: count }: { users: number }): Promise<CheckedWorld> {
  const { pool } = fixture
  const users = await fixture.createUsers(count)
  const userIds = users.map(({ id }) => id)
  const usernames = new Map(users.map(({ id, username }) => [id, username]))
  const begin = performance.now()
  const issued = createIssuedTokens()
  const dueEntries = new Map<string, { from: number; to: number }>()
  let world: World = { now: 0, users: users.map(({ username: _, ...user }) => user), events: [] }

  const isAlive = ({ issuedAt }: { issuedAt: number }) => world.now < issuedAt + rules.accessTokenTtl

  return {
    get world() {
      return world
    },
    issued,
    hasLiveAccessToken: (familyId) => issued.accessTokens(familyId).some(isAlive),
    run,
    async pass(seconds) {
      await pool.query(ageSessionsStatement, [userIds, seconds])
      world.now += seconds
    },
    async finish() {
      for (const family of familiesOf(world)) {
        for (const { token } of issued.accessTokens(family.id).filter(isAlive)) {
          const { status } = await get(`${fixture.resource.url}/me`, token)
          if (status !== (family.endedFor ? 401 : 200))
            throw mismatch('an access token is misjudged', { status, family })
        }
        if (!family.endedFor) continue
        const body = { refresh_token: issued.refreshToken(family.id, family.refreshState.current) }
        const { status } = await post(`${fixture.auths[0]?.url}/auth/refresh`, body)
        if (status !== 400) throw mismatch('the refresh token of an ended session is taken', { status, family })
      }
      const rows = await readDatabase()
      if (!isDeepStrictEqual(describe(world), rows.described)) throw mismatch('the database changed', { rows, world })
    }
  }

  async function run(calls: readonly Call[], hold: Hold = 'nothing'): Promise<readonly Outcome[]> {
    if (performance.now() - begin > scheduleSeconds * 1000) {
      throw new Error('This machine is too slow for the model, to which a few seconds are nothing: lower CHAOS_DEPTH.')
    }
    const endedBefore = new Set(endedFamilies(world).map(({ id }) => id))
    let responded = 0
    const holding = holdRows(hold, async () => responded + (await countWaiting()) >= calls.length)
    const outcomes = await Promise.all(
      calls.map(async (call) => {
        await holding.taken
        const outcome = await carryOut(call, { fixture, issued, usernames, now: world.now })
        responded += 1
        return outcome
      })
    )
    await holding.released
    const rows = await readDatabase()
    const after = explain(world, calls, calls.length > 1 ? outcomes.map(raceless) : outcomes, rows.described)
    if (!after) throw mismatch('no order of the calls explains this', { calls, outcomes, rows: rows.described, world })
    world = after
    const ended = endedFamilies(world).filter(({ id }) => !endedBefore.has(id))
    for (const { id } of ended) dueEntries.set(id, dueEntry(id))
    for (const { id, expiresAt } of rows.entries) {
      const due = dueEntries.get(id)
      const fits = due && due.from <= expiresAt && expiresAt <= due.to
      if (!fits) throw mismatch('a denylist entry lives too short or too long', { id, expiresAt, due })
    }
    await Promise.all(ended.map(requireRefused))
    return outcomes
  }

  /** In a race for the user's row, the loser of two password changes learns that, and not that its password is wrong. */
  function raceless(outcome: Outcome): Outcome {
    return outcome.status === 409 ? { status: 400, error: 'invalid_request' } : outcome
  }

  /** Looks for an order of the calls in which the model gives the same responses and reaches the same state. */
  function explain(
    before: World,
    calls: readonly Call[],
    outcomes: readonly Outcome[],
    described: unknown
  ): World | undefined {
    const isRace = calls.length > 1
    const endedBefore = new Set(endedFamilies(before).map(({ id }) => id))
    const attempts = calls.map(({ action }, i) => {
      const outcome = outcomes[i] as Outcome
      const wasAlive = 'bearer' in action && !endedBefore.has(action.bearer)
      const isBearerAccepted = isRace && wasAlive && outcome.status !== 401
      return { action, outcome, given: { newFamilyId: outcome.tokens?.familyId ?? '', isBearerAccepted } }
    })
    return search([before], attempts)

    /** @param path - The worlds so far, oldest first. */
    function search(path: readonly [World, ...World[]], left: typeof attempts): World | undefined {
      const from = path.at(-1) as World
      if (left.length === 0) return isDeepStrictEqual(describe(from), described) ? from : undefined
      const tried: typeof attempts = []
      for (const attempt of left) {
        if (tried.some((other) => isDeepStrictEqual(other, attempt))) continue
        tried.push(attempt)
        const next = structuredClone(from)
        const expected = withEarlierRoles(apply(next, rules, attempt.action, attempt.given), attempt, path)
        if (!isDeepStrictEqual(expected, attempt.outcome)) continue
        const found = search(
          [...path, next],
          left.filter((other) => other !== attempt)
        )
        if (found) return found
      }
      return undefined
    }
  }

  /**
   * A refresh that waits for its session's row reads the user's roles before it waits. So it may have a role too few in a race with
   * the admin who gives it, and in no other: when a role is taken, the sessions end, which the refresh sees after it waited.
   */
  function withEarlierRoles(
    expected: Outcome,
    { action, outcome }: { action: Call['action']; outcome: Outcome },
    path: readonly World[]
  ): Outcome {
    if (action.kind !== 'refresh' || !expected.tokens || !outcome.tokens) return expected
    const { roles } = outcome.tokens
    const rolesIn = ({ users }: World) =>
      users.find(({ families }) => families.some(({ id }) => id === action.familyId))?.roles.toSorted()
    if (!path.some((world) => isDeepStrictEqual(rolesIn(world), roles))) return expected
    return { ...expected, tokens: { ...expected.tokens, roles } }
  }

  /** An entry has to live until the last access token has expired for every verifier, and not much longer. */
  function dueEntry(familyId: string): { from: number; to: number } {
    const expiries = issued.accessTokens(familyId).map(({ exp, issuedAt }) => exp - (world.now - issuedAt))
    const from = Math.max(...expiries) + rules.clockTolerance
    return { from, to: from + entrySlackSeconds }
  }

  async function requireRefused({ id }: Family): Promise<void> {
    const alive = issued.accessTokens(id).filter(isAlive)
    const token = alive.at(-1)?.token
    if (token === undefined) return
    const respondedAt = performance.now()
    const urls = [`${fixture.resource.url}/me`, ...fixture.auths.map(({ url }) => `${url}/auth/me`)]
    await Promise.all(
      urls.map(async (url) => {
        for (;;) {
          const askedAt = performance.now()
          const { status } = await get(url, token)
          if (status === 401) return
          if (askedAt - respondedAt > refusedWithinMs) {
            throw mismatch('an access token is accepted past the bound', { familyId: id, url, status })
          }
          await delay(5)
        }
      })
    )
  }

  /** The content of the database, in the model's terms. */
  async function readDatabase() {
    const [families, entries, events, states] = await Promise.all([
      rowsOf<{ id: string; user_id: string; generation: number; revoked_reason: string | null }>(
        'SELECT id, user_id, generation, revoked_reason FROM refresh_token_families WHERE user_id = ANY($1) ORDER BY created_at'
      ),
      rowsOf<{ id: string; expires_at: number }>(
        `SELECT f.id, extract(epoch FROM r.expires_at)::float8 AS expires_at
         FROM revocations r JOIN refresh_token_families f ON r.kind = 'sid' AND r.value = f.id::text
         WHERE f.user_id = ANY($1)`
      ),
      rowsOf<{ event: string }>(
        `SELECT concat_ws(' ', type, coalesce(session_id, user_id), detail->>'reason',
           (detail->>'presented_generation') || ' at ' || (detail->>'current_generation'),
           CASE WHEN actor_id IS NOT NULL THEN 'by admin' END) AS event
         FROM audit_events WHERE user_id = ANY($1) AND type NOT IN ('sign_in.failed', 'password_change.failed')`
      ),
      rowsOf<{ id: string; roles: string[]; is_disabled: boolean }>(
        'SELECT id, roles, disabled_at IS NOT NULL AS is_disabled FROM users WHERE id = ANY($1)'
      )
    ])
    return {
      entries: entries.map(({ id, expires_at }) => ({ id, expiresAt: expires_at })),
      described: {
        users: userIds.map((userId) => {
          const { roles, is_disabled: isDisabled } = states.find(({ id }) => id === userId) ?? { roles: [] }
          const own = families.filter(({ user_id }) => user_id === userId)
          return {
            roles: roles.toSorted(),
            isDisabled,
            families: own.map(({ id, generation, revoked_reason }) => [id, generation, revoked_reason])
          }
        }),
        denied: entries.map(({ id }) => id).sort(),
        events: events.map(({ event }) => event).sort()
      }
    }
  }

  async function rowsOf<T extends object>(text: string): Promise<T[]> {
    return (await pool.query<T>(text, [userIds])).rows
  }

  /** Locks rows until enough calls have arrived: each call waits for them or has its response. */
  function holdRows(hold: Hold, isEnough: () => Promise<boolean>): { taken: Promise<void>; released: Promise<void> } {
    if (hold === 'nothing') return { taken: Promise.resolve(), released: Promise.resolve() }
    const [table, column] = hold === 'user' ? ['users', 'id'] : ['refresh_token_families', 'user_id']
    let setTaken = () => {}
    const taken = new Promise<void>((resolve) => {
      setTaken = resolve
    })
    const released = (async () => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query(`SELECT 1 FROM ${table} WHERE ${column} = ANY($1) FOR NO KEY UPDATE`, [userIds])
        setTaken()
        const deadline = performance.now() + longestHoldMs
        while (!(await isEnough()) && performance.now() < deadline) await delay(5)
        await client.query('COMMIT')
      } finally {
        setTaken()
        client.release()
      }
    })()
    return { taken, released }
  }

  async function countWaiting(): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    )
    return rows[0]?.count ?? 0
  }
}

function familiesOf({ users }: World): Family[] {
  return users.flatMap(({ families }) => families)
}

function endedFamilies(world: World): Family[] {
  return familiesOf(world).filter(({ endedFor }) => endedFor !== undefined)
}

/** The model's state in the form of the database: the sessions of each user, ordered by their start. */
function describe(world: World) {
  return {
    users: world.users.map(({ roles, isDisabled, families }) => ({
      roles: roles.toSorted(),
      isDisabled,
      families: families.map(({ id, refreshState, endedFor }) => [id, refreshState.current, endedFor ?? null])
    })),
    denied: endedFamilies(world)
      .map(({ id }) => id)
      .sort(),
    events: world.events.toSorted()
  }
}

function mismatch(what: string, facts: Record<string, unknown>): Error {
  return new Error(`${what}: ${inspect(facts, { depth: 8, breakLength: 140 })}`)
}
