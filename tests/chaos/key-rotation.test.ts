import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  readTestEnvironment,
  startTcpProxy,
  type TestDatabase
} from '@countersign/testing'
import {
  get,
  post,
  query,
  refresh,
  register,
  type ServiceProcess,
  signIn,
  startTrio,
  type Trio,
  untilReady,
  unverifiedClaims
} from '@countersign/testing/trio'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'

const rotationSeconds = 3
const { isSoak } = readTestEnvironment()
const verifierCount = isSoak ? 5 : 3
const rotations = isSoak ? 20 : 5
const kidOf = (accessToken: string) => decodeProtectedHeader(accessToken).kid as string
const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T

/** The requests of the load that a verifier did not accept. */
interface Refusal {
  readonly verifier: number
  readonly status: number
  readonly body: unknown
  readonly kid: string
  readonly ageSeconds: number
}

describe.skipIf(!inject('docker'))(
  'three issuers and several verifiers, with keys that rotate every three seconds',
  () => {
    let database: TestDatabase
    let trio: Trio
    let verifiers: ServiceProcess[]

    beforeAll(async () => {
      database = await createTestDatabase()
      trio = await startTrio({
        databaseUrl: database.url,
        redisUrl: await createTestRedis(),
        authReplicas: 3,
        resourceReplicas: 0,
        env: {
          SIGNING_KEY_ROTATION_DAYS: (rotationSeconds / 86_400).toFixed(10),
          JWKS_MAX_AGE_SECONDS: '1',
          REGISTRATIONS_PER_ADDRESS: '1000',
          LOG_LEVEL: 'info'
        }
      })
      // Each uses another replica for the keys, as behind a load balancer.
      verifiers = await Promise.all(
        Array.from({ length: verifierCount }, (_, at) =>
          trio.startResource({ JWKS_URL: `${issuerAt(at).url}/.well-known/jwks.json` })
        )
      )
      await Promise.all(verifiers.map((service) => untilReady(service)))
    })
    afterAll(async () => {
      await trio?.stop()
      await database?.drop()
    })

    const issuerAt = (at: number) => trio.auths[at % trio.auths.length] as ServiceProcess
    const me = (verifier: ServiceProcess, token: string) => get(`${verifier.url}/me`, token)
    const countRotations = async () => {
      const [row] = await query<{ count: number }>(
        database.url,
        "SELECT count(*)::int AS count FROM audit_events WHERE type = 'signing_key.rotated'"
      )
      return row?.count ?? 0
    }
    /** Since when the signing key signs; as text, since a date of JavaScript has no microseconds. */
    const signingSince = async () => {
      const text = 'SELECT max(signs_from)::text AS since FROM signing_keys'
      return (await query<{ since: string }>(database.url, text))[0]?.since
    }
    /** A user who refreshes at any issuer, and uses the live tokens at any verifier, until stopped. */
    async function liveOneUser(until: () => boolean, accepted: Map<string, number>): Promise<Refusal[]> {
      const user = await register(trio.auth.url)
      let tokens = await signIn(pick(trio.auths).url, user)
      const alive: string[] = [tokens.access_token]
      const refusals: Refusal[] = []
      while (!until()) {
        const response = await refresh(pick(trio.auths).url, tokens.refresh_token)
        if (response.status !== 200)
          throw new Error(`refresh responded with ${response.status}: ${JSON.stringify(response.body)}`)
        tokens = response.body
        alive.push(tokens.access_token)
        // The newest one, and any older one that has not expired: keys retire, tokens live on.
        for (const token of [tokens.access_token, pick(alive)]) {
          const at = Math.floor(Math.random() * verifiers.length)
          const { status, body } = await me(verifiers[at] as ServiceProcess, token)
          const { iat } = unverifiedClaims(token)
          if (status === 200) accepted.set(kidOf(token), (accepted.get(kidOf(token)) ?? 0) + 1)
          else refusals.push({ verifier: at, status, body, kid: kidOf(token), ageSeconds: Date.now() / 1000 - iat })
        }
        await delay(100)
      }
      return refusals
    }

    test('no valid token is refused over many rotations in a row, not one', { timeout: 180_000 }, async () => {
      const before = await countRotations()
      const deadline = performance.now() + 150_000
      const accepted = new Map<string, number>()
      let isOver = false
      const load = Promise.all(Array.from({ length: 8 }, () => liveOneUser(() => isOver, accepted)))
      load.catch(() => {})
      // On a busy machine a key may sign nothing in its three seconds.
      const isDone = async () => (await countRotations()) >= before + rotations && accepted.size >= rotations
      while (!(await isDone()) && performance.now() < deadline) await delay(250)
      isOver = true
      expect((await load).flat()).toEqual([])
      expect((await countRotations()) - before).toBeGreaterThanOrEqual(rotations)
      // So many keys have signed tokens that were accepted.
      expect(accepted.size).toBeGreaterThanOrEqual(rotations)
      expect(trio.logs()).not.toMatch(/"level":(?:50|60|"error"|"fatal")/)
    })

    test('a replica that was paused for longer than a rotation signs with and publishes the current keys', async () => {
      const [, , sleeper] = trio.auths as [ServiceProcess, ServiceProcess, ServiceProcess]
      const users = await Promise.all(
        Array.from({ length: 5 }, async () => signIn(trio.auth.url, await register(trio.auth.url)))
      )
      const before = await countRotations()
      let since: string | undefined
      sleeper.process.kill('SIGSTOP')
      try {
        while ((await countRotations()) < before + 3) await delay(100)
        since = await signingSince()
      } finally {
        sleeper.process.kill('SIGCONT')
      }
      const responses = await Promise.all([
        get<{ keys: { kid: string }[] }>(`${sleeper.url}/.well-known/jwks.json`),
        ...users.map(({ refresh_token: token }) => refresh(sleeper.url, token))
      ])
      const [jwks, ...refreshed] = responses
      const published = jwks.body.keys.map(({ kid }) => kid)
      const tokens = refreshed.map(({ body }) => ('access_token' in body ? body.access_token : ''))
      const signing = await query<{ kid: string }>(
        database.url,
        'SELECT kid FROM signing_keys WHERE signs_from >= $1::timestamptz',
        [since]
      )
      for (const token of tokens) {
        expect(signing.map(({ kid }) => kid)).toContain(kidOf(token))
        expect(published).toContain(kidOf(token))
        for (const verifier of verifiers.slice(0, 2)) expect((await me(verifier, token)).status).toBe(200)
      }
    })
  }
)

describe.skipIf(!inject('docker'))('three issuers and several verifiers, with keys as they are by default', () => {
  let database: TestDatabase
  let trio: Trio
  let admin: string

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl: await createTestRedis(),
      authReplicas: 3,
      resourceReplicas: verifierCount,
      env: { LOG_LEVEL: 'info' }
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  const me = (verifier: ServiceProcess, token: string) => get(`${verifier.url}/me`, token)
  const keys = async (): Promise<Record<string, string>> => {
    admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
    const { body } = await get<{ keys: { kid: string; state: string }[] }>(`${trio.auth.url}/admin/keys`, admin)
    return Object.fromEntries(body.keys.map(({ kid, state }) => [state, kid]))
  }
  /** All fetches of keys that verifiers have made. */
  const countFetches = async (verifiers: readonly ServiceProcess[]) => {
    const pages = await Promise.all(verifiers.map(({ managementUrl: url }) => get<string>(`${url}/metrics`)))
    const counts = pages.flatMap(({ body }) => [...body.matchAll(/^countersign_key_set_fetches_total\{.*\} (\d+)$/gm)])
    return counts.reduce((sum, [, count]) => sum + Number(count), 0)
  }
  const newUsers = (count: number) =>
    Promise.all(Array.from({ length: count }, async () => signIn(trio.auth.url, await register(trio.auth.url))))

  test('the next key is known before the rotation: all verifiers accept its tokens at once, and none fetches keys', async () => {
    const { next: nextKey } = await keys()
    // A restart of the verifiers replaces the seven minutes in which each of them fetches the keys once more.
    await query(database.url, "UPDATE signing_keys SET created_at = created_at - interval '420 seconds'")
    const users = await newUsers(3)
    const fetches = await countFetches(trio.resources)
    expect((await post(`${trio.auth.url}/admin/keys/rotate`, undefined, admin)).status).toBe(200)
    for (const [at, user] of users.entries()) {
      const { body } = await refresh((trio.auths[at] as ServiceProcess).url, user.refresh_token)
      expect(kidOf(body.access_token)).toBe(nextKey)
      for (const verifier of trio.resources) {
        expect(await me(verifier, body.access_token)).toMatchObject({ status: 200 })
        expect(await me(verifier, user.access_token)).toMatchObject({ status: 200 })
      }
    }
    expect(await countFetches(trio.resources)).toBe(fetches)
  })

  test('a revoked key is refused by all at once, and tokens of the next key, which signs now, are accepted at once', async () => {
    // The verifiers have to know the next key: they hear of it within their five minutes, or by starting now.
    const { signing, next: nextKey } = await keys()
    const keySets = await startTcpProxy({ target: trio.auth.url })
    onTestFinished(() => keySets.close())
    const env = { JWKS_URL: new URL('/.well-known/jwks.json', keySets.url).href }
    const verifiers = await Promise.all(trio.resources.map(() => trio.startResource(env)))
    await Promise.all(verifiers.map((service) => untilReady(service)))
    const victims = await newUsers(6)
    for (const verifier of verifiers) {
      for (const { access_token: token } of victims) expect(await me(verifier, token)).toMatchObject({ status: 200 })
    }
    // What they accept from now on they accept without a fetch.
    keySets.pause()
    expect((await post(`${trio.auth.url}/admin/keys/${signing}/revoke`, { reason: 'emergency' }, admin)).status).toBe(
      200
    )
    const revokedAt = performance.now()
    await Promise.all(
      verifiers.map(async (verifier) => {
        for (;;) {
          const askedAt = performance.now()
          if ((await me(verifier, victims[0]?.access_token as string)).status === 401) return
          if (askedAt - revokedAt > 1000) throw new Error('a token of the revoked key is accepted still')
        }
      })
    )
    for (const [at, { refresh_token: refreshToken }] of victims.entries()) {
      const { body, status } = await refresh((trio.auths[at % 3] as ServiceProcess).url, refreshToken)
      expect(status).toBe(200)
      expect(kidOf(body.access_token)).toBe(nextKey)
      for (const { status } of await Promise.all(verifiers.map((verifier) => me(verifier, body.access_token))))
        expect(status).toBe(200)
    }
    for (const verifier of verifiers) {
      for (const { access_token: token } of victims) expect((await me(verifier, token)).status).toBe(401)
    }
    for (const { url } of trio.auths) {
      const { body } = await get<{ keys: { kid: string }[] }>(`${url}/.well-known/jwks.json`)
      expect(body.keys.map(({ kid }) => kid)).not.toContain(signing)
    }
    expect(await keys()).toMatchObject({ revoked: signing, signing: nextKey })
  })
})
