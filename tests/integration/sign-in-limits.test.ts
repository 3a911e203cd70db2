import { createTestDatabase, createTestRedis, readTestEnvironment, type TestDatabase } from '@countersign/testing'
import {
  type ApiResponse,
  type BrowserClient,
  type Credentials,
  createBrowserClient,
  query,
  register,
  send,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'

describe('limits on sign-in', () => {
  let database: TestDatabase
  let trio: Trio | undefined
  let url: string

  beforeEach(async () => {
    database = await createTestDatabase()
  })
  afterEach(async () => {
    await trio?.stop()
    trio = undefined
    await database.drop()
  })
  async function start(env: Record<string, string>, options: { bffReplicas?: number } = {}): Promise<void> {
    const redisUrl = inject('docker') ? await createTestRedis() : undefined
    trio = await startTrio({
      databaseUrl: database.url,
      redisUrl,
      resourceReplicas: options.bffReplicas ?? 0,
      env: { TRUSTED_PROXY_HOPS: '1', ...env },
      ...options
    })
    url = trio.auth.url
  }

  async function registerUser(): Promise<Credentials> {
    const { username, password } = await register(url)
    return { username, password }
  }

  /** A sign-in as if it came through a proxy that named this address. */
  const signInFrom = (
    address: string,
    credentials: Partial<Credentials> & { device_token?: string }
  ): Promise<ApiResponse<{ device_token: string }>> =>
    send(`${url}/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
      body: JSON.stringify({ password: 'a wrong password', ...credentials })
    })
  const statusFrom = async (address: string, credentials: Partial<Credentials> & { device_token?: string }) =>
    (await signInFrom(address, credentials)).status

  test.each([
    ['the account', { SIGN_IN_FAILURES_PER_ACCOUNT: '3', SIGN_IN_FAILURES_PER_ADDRESS: '1000000' }, 1],
    ['the address', { SIGN_IN_FAILURES_PER_ADDRESS: '6' }, 0.5]
  ])(
    'the time of a 429 by %s does not tell a known name from an unknown one',
    async (_, env, share) => {
      const samples = share * (readTestEnvironment().isSoak ? 1000 : 400)
      await start({ ...env })
      const user = await registerUser()
      for (let i = 0; i < 8; i++) expect(await statusFrom('198.51.100.200', user)).toBe(200)
      const names = { known: user.username, unknown: 'nobody-has-this-name' }
      for (const username of Object.values(names))
        for (let i = 0; i < 3; i++) expect(await statusFrom('198.51.100.7', { username })).toBe(401)
      const timed = async (username: string) => {
        const begin = performance.now()
        expect(await statusFrom('198.51.100.7', { username })).toBe(429)
        return performance.now() - begin
      }
      const distances = []
      do {
        const times = { known: [] as number[], unknown: [] as number[] }
        for (let i = 0; i < samples; i++) {
          const order = i % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)
          for (const name of order) times[name].push(await timed(names[name]))
        }
        distances.push(Math.abs(areaUnderCurve(times.known, times.unknown) - 0.5))
      } while ((distances.at(-1) as number) >= 0.05 && distances.length < 3)
      expect(distances.at(-1)).toBeLessThan(0.05)
    },
    120_000
  )

  test('attempts that get 429 count for their address', async () => {
    await start({ SIGN_IN_FAILURES_PER_ACCOUNT: '3', SIGN_IN_FAILURES_PER_ADDRESS: '20' })
    const { username } = await register(url)
    for (let i = 0; i < 3; i++) expect(await statusFrom(`198.51.100.${i}`, { username })).toBe(401)
    for (let i = 0; i < 20; i++) expect(await statusFrom('203.0.113.5', { username })).toBe(429)
    expect(await statusFrom('203.0.113.5', { username: 'another' })).toBe(429)
    expect(await statusFrom('203.0.113.6', { username: 'another' })).toBe(401)
  })

  test('the owner gets in from a new network with a known device while others guess, and no other account does', async () => {
    await start({ SIGN_IN_FAILURES_PER_ACCOUNT: '4', SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '3' })
    const [owner, other] = [await registerUser(), await registerUser()]
    const { device_token: known } = (await signInFrom('198.51.100.7', owner)).body
    const { device_token: strange } = (await signInFrom('198.51.100.7', other)).body
    const { username } = owner
    for (let i = 0; i < 4; i++) expect(await statusFrom(`203.0.113.${i}`, { username })).toBe(401)
    const away = '192.0.2.99'
    const statuses = []
    for (const device_token of [undefined, strange, `${known}A`, 'no token', ''])
      statuses.push(await statusFrom(away, { ...owner, ...(device_token === undefined ? {} : { device_token }) }))
    expect(statuses).toEqual(Array(5).fill(429))
    const signedIn = await signInFrom(away, { ...owner, device_token: known })
    expect(signedIn.status).toBe(200)
    // The device has a budget of its own, and a new token of it has no other.
    const renewed = signedIn.body.device_token
    for (const device_token of [known, renewed, known])
      expect(await statusFrom('192.0.2.100', { username, device_token })).toBe(401)
    expect(await statusFrom('192.0.2.100', { ...owner, device_token: renewed })).toBe(429)
  })

  test('the owner who signs in by a verified address is known as well, while others guess at the address', async () => {
    await start({ SIGN_IN_FAILURES_PER_ACCOUNT: '4', SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '3' })
    const owner = await registerUser()
    const address = `${owner.username}@example.com`
    await query(
      database.url,
      'UPDATE users SET email = $2, email_key = $2, email_verified_at = now() WHERE username = $1',
      [owner.username, address]
    )
    const byAddress = { username: address, password: owner.password }
    const { device_token: known } = (await signInFrom('198.51.100.7', byAddress)).body
    for (let i = 0; i < 4; i++) expect(await statusFrom(`203.0.113.${i}`, { username: address })).toBe(401)
    expect(await statusFrom('192.0.2.99', byAddress)).toBe(429)
    expect(await statusFrom('192.0.2.99', { ...byAddress, device_token: known })).toBe(200)
    expect(await statusFrom('198.51.100.7', byAddress)).toBe(200)
  })

  test('a browser that was used before is known at the next sign-in, without anything that its scripts can read', async () => {
    await start(
      { SIGN_IN_FAILURES_PER_ACCOUNT: '3', SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '2' },
      { bffReplicas: 1 }
    )
    const user = await registerUser()
    const [known, fresh] = [
      createBrowserClient(trio?.publicUrl as string),
      createBrowserClient(trio?.publicUrl as string)
    ]
    const body = await known.signIn(user)
    expect(JSON.stringify(body)).not.toContain(known.deviceCookie as string)
    await known.send('DELETE', '/bff/session')
    for (let i = 0; i < 3; i++) await signInFrom(`203.0.113.${i}`, { username: user.username })
    // From another network than before, through a proxy in front of the site.
    const signIn = (browser: BrowserClient) =>
      browser.send('POST', '/bff/session', { body: user, headers: { 'X-Forwarded-For': '192.0.2.99' } })
    expect(await signIn(fresh)).toMatchObject({ status: 429 })
    fresh.deviceCookie = 'not a token; of anybody'
    expect(await signIn(fresh)).toMatchObject({ status: 429 })
    expect(await signIn(known)).toMatchObject({ status: 200 })
  })

  test('guesses from many /64 of one /48 reach the limit of the /48, a quarter above that of one address', async () => {
    await start({ SIGN_IN_FAILURES_PER_ADDRESS: '16' })
    const statuses = []
    for (let i = 0; i < 21; i++)
      statuses.push(await statusFrom(`2001:db8:1:${(i * 0x101).toString(16)}::1`, { username: `user-${i}` }))
    expect(statuses).toEqual([...Array(20).fill(401), 429])
    expect(await statusFrom('2001:db8:2::1', { username: 'user' })).toBe(401)
  })

  test('accounts that signed in from an address still can after a neighbor has used up its limit', async () => {
    await start({ SIGN_IN_FAILURES_PER_ADDRESS: '20', SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '4' })
    const [resident, stranger] = [await registerUser(), await registerUser()]
    expect(await statusFrom('198.51.100.7', resident)).toBe(200)
    for (let i = 0; i < 20; i++) expect(await statusFrom('198.51.100.7', { username: `user-${i % 10}` })).toBe(401)
    expect(await statusFrom('198.51.100.7', stranger)).toBe(429)
    expect(await statusFrom('198.51.100.7', resident)).toBe(200)
    // The account has a budget of its own there, and no more.
    const { username } = resident
    for (let i = 0; i < 4; i++) expect(await statusFrom('198.51.100.7', { username })).toBe(401)
    expect(await statusFrom('198.51.100.7', resident)).toBe(429)
  })
})

/** How often a time of the first sample is the longer one: 0.5 when the samples do not differ. */
function areaUnderCurve(first: readonly number[], second: readonly number[]): number {
  let longer = 0
  for (const one of first) for (const other of second) longer += one > other ? 1 : one === other ? 0.5 : 0
  return longer / (first.length * second.length)
}
