import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  type PostgresFaults,
  startPostgresFaults,
  type TestDatabase
} from '@countersign/testing'
import {
  type ApiResponse,
  ageSessions,
  basic,
  burstSeconds,
  get,
  issuer,
  post,
  postForm,
  query,
  refresh,
  register,
  signIn,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

interface Activity {
  window: string
  since: string
  until: string
  step_seconds: number
  series: Record<'sign_ins' | 'refreshes' | 'revocations', Record<string, number[]>>
}

type Totals = Record<string, Record<string, number>>

const isSaving = (text: string) => text.includes('INSERT INTO activity')

describe('activity', () => {
  let database: TestDatabase
  let postgres: PostgresFaults
  /** Those that Postgres has carried out. */
  let saves = 0
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    postgres = await startPostgresFaults(database.url)
    postgres.intercept({
      matches: isSaving,
      moment: 'before_answering',
      times: Number.POSITIVE_INFINITY,
      action: () => saves++
    })
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: postgres.url,
      redisUrl,
      resourceReplicas: 0,
      authReplicas: redisUrl === undefined ? 1 : 2,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '1' }
    })
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
  })
  afterAll(async () => {
    await trio?.stop()
    await postgres?.close()
    await database?.drop()
  })

  const show = (window?: string, token = admin): Promise<ApiResponse<Activity>> =>
    get(`${trio.auth.url}/admin/statistics/activity${window === undefined ? '' : `?window=${window}`}`, token)
  const totalsOf = ({ series }: Activity): Totals =>
    Object.fromEntries(
      Object.entries(series).map(([kind, outcomes]) => [
        kind,
        Object.fromEntries(Object.entries(outcomes).map(([name, counts]) => [name, counts.reduce((a, b) => a + b, 0)]))
      ])
    )
  const totals = async (window = 'hour') => totalsOf((await show(window)).body)
  const difference = (after: Totals, before: Totals): Totals =>
    Object.fromEntries(
      Object.entries(after).map(([kind, outcomes]) => [
        kind,
        Object.fromEntries(
          Object.entries(outcomes).flatMap(([name, count]) => {
            const more = count - (before[kind]?.[name] ?? 0)
            return more === 0 ? [] : [[name, more]]
          })
        )
      ])
    )
  /** Replicas save every two seconds. */
  const soon = { timeout: 8000, interval: 100 }
  const untilSaved = async () => {
    const before = saves
    // Each of them has counts to save.
    for (const { url } of trio.auths) await refresh(url, 'forged')
    await expect.poll(() => saves - before, soon).toBeGreaterThanOrEqual(trio.auths.length)
  }

  test('counts sign-ins, refreshes and revocations of all replicas', { timeout: 60_000 }, async () => {
    await untilSaved()
    const before = await totals()
    const [here, there] = [trio.auth.url, (trio.auths[1] ?? trio.auth).url]
    const user = await register(here)
    const first = await signIn(here, user)
    const other = await signIn(there, user)
    const second = (await refresh(here, first.refresh_token)).body
    await refresh(there, first.refresh_token)
    await ageSessions(database.url, user.id, burstSeconds)
    await refresh(there, second.refresh_token)
    await ageSessions(database.url, user.id, burstSeconds)
    await refresh(here, second.refresh_token)
    await refresh(here, first.refresh_token)
    await refresh(here, second.refresh_token)
    await refresh(there, `${first.refresh_token.slice(0, -2)}xx`)
    const wrong = { username: user.username, password: 'not the password' }
    expect((await post(`${here}/auth/login`, wrong)).status).toBe(401)
    expect((await post(`${there}/auth/login`, wrong)).status).toBe(429)
    // Neither says who signs in.
    expect((await post(`${here}/auth/login`, { username: user.username })).status).toBe(400)
    await post(`${here}/auth/logout`, undefined, other.access_token)
    await expect
      .poll(async () => difference(await totals(), before), soon)
      .toEqual({
        sign_ins: { succeeded: 2, failed: 2 },
        refreshes: { rotated: 2, retried: 1, recovered: 1, replayed: 1, refused: 2 },
        revocations: { sessions: 2 }
      })
  })

  test('a refresh waits for no counting: a hundred of them are saved together', { timeout: 30_000 }, async () => {
    let tokens = await signIn(trio.auth.url, await register(trio.auth.url))
    await untilSaved()
    const [before, savesBefore] = [await totals(), saves]
    const begin = performance.now()
    for (let i = 0; i < 100; i++) tokens = (await refresh(trio.auth.url, tokens.refresh_token)).body
    const rounds = (performance.now() - begin) / 2000 + 1
    expect(saves - savesBefore).toBeLessThanOrEqual(rounds * trio.auths.length)
    await expect
      .poll(async () => difference(await totals(), before).refreshes, soon)
      .toEqual({ rotated: 8, retried: 92 })
  })

  test('a key, a token and the tokens of a client are counted separately', async () => {
    const before = await totals()
    const client = {
      client_id: 'revoker',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      scopes: ['statistics:read'],
      audiences: [issuer]
    }
    const { body } = await post<{ client_secret: string }>(`${trio.auth.url}/admin/clients`, client, admin)
    const credentials = basic('revoker', body.client_secret)
    const form = { grant_type: 'client_credentials', scope: 'statistics:read', resource: [issuer] }
    const own = await postForm<{ access_token: string }>(`${trio.auth.url}/oauth/token`, form, credentials)
    expect(
      (await postForm(`${trio.auth.url}/oauth/revoke`, { token: own.body.access_token }, credentials)).status
    ).toBe(200)
    const { access_token: readingToken } = (
      await postForm<{ access_token: string }>(`${trio.auth.url}/oauth/token`, form, credentials)
    ).body
    expect(difference(await totals(), before)).toMatchObject({ revocations: { tokens: 1 } })
    expect(await show('hour', readingToken)).toMatchObject({ status: 200 })

    const { body: keys } = await get<{ keys: { kid: string; state: string }[] }>(`${trio.auth.url}/admin/keys`, admin)
    const nextKey = keys.keys.find(({ state }) => state === 'next')
    expect((await post(`${trio.auth.url}/admin/keys/${nextKey?.kid}/revoke`, undefined, admin)).status).toBe(200)
    for (let i = 0; i < 2; i++) await post(`${trio.auth.url}/admin/clients/revoker/secrets`, undefined, admin)
    expect(difference(await totals('day'), before)).toMatchObject({ revocations: { tokens: 1, keys: 1, clients: 1 } })
  })

  test('steps begin at multiples of their length, the oldest first, and the last one is under way', async () => {
    await query(database.url, 'DELETE FROM activity')
    const write = (age: string, count: number) =>
      query(
        database.url,
        `INSERT INTO activity (minute, kind, outcome, replica, count)
         SELECT date_trunc('minute', now() - $1::interval), 'refreshes', 'retried', gen_random_uuid(), $2`,
        [age, count]
      )
    await write('0', 1)
    await write('0', 10)
    await write('1 minute', 100)
    await write('59 minutes', 1000)
    await write('61 minutes', 10_000)
    await write('23 hours 40 minutes', 100_000)
    await write('24 hours 1 minute', 1_000_000)
    await write('-20 minutes', 10_000_000)
    for (const [window, steps, seconds] of [
      ['hour', 60, 60],
      ['day', 96, 900]
    ] as const) {
      const { status, headers, body } = await show(window)
      expect(status).toBe(200)
      expect(headers.get('Cache-Control')).toBe('no-store')
      expect(body).toMatchObject({ window, step_seconds: seconds })
      const [since, until] = [Date.parse(body.since), Date.parse(body.until)]
      expect(since % (seconds * 1000)).toBe(0)
      expect(until - since).toBe(steps * seconds * 1000)
      expect(until).toBeGreaterThan(Date.now() - 1000)
      expect(until - seconds * 1000).toBeLessThan(Date.now() + 1000)
      for (const counts of Object.values(body.series).flatMap((outcomes) => Object.values(outcomes))) {
        expect(counts).toHaveLength(steps)
      }
    }
    const hour = (await show()).body
    expect(Object.keys(hour.series.sign_ins)).toEqual(['succeeded', 'failed'])
    expect(Object.keys(hour.series.refreshes)).toEqual(['rotated', 'retried', 'recovered', 'replayed', 'refused'])
    expect(Object.keys(hour.series.revocations)).toEqual(['sessions', 'tokens', 'keys', 'clients'])
    // A minute may have passed meanwhile.
    const [last] = await query<{ step: number }>(
      database.url,
      'SELECT extract(epoch FROM max(minute) - $1)::int / 60 AS step FROM activity WHERE minute < now() AND count < 20',
      [hour.since]
    )
    const at = last?.step as number
    expect([59, 58]).toContain(at)
    const retried = hour.series.refreshes.retried as number[]
    expect([retried[at], retried[at - 1]]).toEqual([11, 100])
    if (at === 59) expect(retried[0]).toBe(1000)
    expect((await totals('day')).refreshes?.retried).toBe(111_111)
  })

  test('what could not be saved is saved later, and once, also when only the response was lost', {
    timeout: 60_000
  }, async () => {
    await query(database.url, 'DELETE FROM activity')
    await untilSaved()
    const before = await totals()
    const { url } = trio.auth
    for (const moment of ['before_sending', 'before_answering'] as const) {
      let faults = 0
      const stop = postgres.intercept({
        matches: isSaving,
        moment,
        times: Number.POSITIVE_INFINITY,
        action(exchange) {
          faults += 1
          exchange.cut()
        }
      })
      for (let i = 0; i < 3; i++) await refresh(url, 'forged')
      await expect.poll(() => faults, soon).toBeGreaterThanOrEqual(1)
      stop()
    }
    await expect
      .poll(async () => difference(await totals(), before).refreshes, { ...soon, timeout: 15_000 })
      .toEqual({ refused: 6 })
    await untilSaved()
    await untilSaved()
    expect(difference(await totals(), before).refreshes).toEqual({ refused: 6 + 2 * trio.auths.length })
  })

  test('an idle issuer writes nothing', { timeout: 30_000 }, async () => {
    await untilSaved()
    await delay(3000)
    postgres.clear()
    await delay(3000)
    const writes = postgres.sent.filter(({ text }) => /^\s*(WITH \w+ AS \(\s*)?(INSERT|UPDATE)/.test(text))
    expect(writes).toEqual([])
  })

  test('the last counts are saved when a replica ends', async () => {
    const before = await totals()
    const another = inject('docker') ? await trio.startAuth() : undefined
    if (!another) return
    for (let i = 0; i < 7; i++) await refresh(another.url, 'forged')
    await another.stop()
    expect(difference(await totals(), before).refreshes).toEqual({ refused: 7 })
  })

  test.each(['window=week', 'window=', 'window=hour&window=day', 'unknown=1'])('%s is refused', async (search) => {
    expect(await get(`${trio.auth.url}/admin/statistics/activity?${search}`, admin)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', issues: [expect.any(Object)] }
    })
  })

  test('is for admins, and for services with the scope statistics:read', async () => {
    const { access_token: plain } = await signIn(trio.auth.url, await register(trio.auth.url))
    expect(await show('hour', plain)).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } })
    expect((await get(`${trio.auth.url}/admin/statistics/activity`)).status).toBe(401)
  })
})
