import { createTestDatabase, createTestRedis, readTestEnvironment, type TestDatabase } from '@countersign/testing'
import { type Credentials, register, send, startTrio, type Trio } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

const roundMs = 2000
const maxRounds = 7
/** The share of their rate on an idle service that honest users keep. */
const keptShare = 0.8

interface Client {
  readonly address: string
  readonly user: Credentials
}

// `npm run test:soak`, on a quiet machine: it compares rates.
describe.skipIf(!readTestEnvironment().isSoak)(
  'while one attacker sends 40 sign-ins with right passwords at once',
  () => {
    let database: TestDatabase
    let trio: Trio
    let honest: Client[]
    let accounts: Credentials[]

    beforeAll(async () => {
      database = await createTestDatabase()
      const redisUrl = inject('docker') ? await createTestRedis() : undefined
      trio = await startTrio({
        databaseUrl: database.url,
        redisUrl,
        resourceReplicas: 0,
        env: { TRUSTED_PROXY_HOPS: '1', REGISTRATIONS_PER_ADDRESS: '1000' }
      })
      const users = []
      for (let i = 0; i < 14; i++) users.push(await register(trio.auth.url))
      honest = users.slice(0, 6).map((user, i) => ({ user, address: `198.51.100.${i}` }))
      accounts = users.slice(6)
    })
    afterAll(async () => {
      await trio?.stop()
      await database?.drop()
    })

    const signIn = async ({ address, user: { username, password } }: Client) => {
      const { status } = await send(`${trio.auth.url}/auth/login`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
        body: JSON.stringify({ username, password })
      })
      return status
    }

    /** Signs each client in again and again until the time is over. @returns how often that worked, for each second */
    async function rateOf(clients: readonly Client[], isOver: () => boolean): Promise<number> {
      let worked = 0
      const begin = performance.now()
      await Promise.all(
        clients.map(async (client) => {
          while (!isOver()) if ((await signIn(client)) === 200) worked++
        })
      )
      return (worked * 1000) / (performance.now() - begin)
    }

    async function honestRate(attackers: readonly Client[]): Promise<number> {
      const end = performance.now() + roundMs
      let isHonestDone = false
      const attack = rateOf(attackers, () => isHonestDone)
      const rate = await rateOf(honest, () => performance.now() > end)
      isHonestDone = true
      await attack
      return rate
    }

    test.each([
      ['for one account from one address', (at: number) => ({ user: accounts[0], address: '203.0.113.1', at })],
      ['for one account from 40 addresses', (at: number) => ({ user: accounts[0], address: `203.0.113.${at}`, at })],
      ['for many accounts from one address', (at: number) => ({ user: accounts[at % 8], address: '203.0.113.1', at })]
    ])(
      '%s, the others keep four fifths of their rate',
      async (_, attackerAt) => {
        const attackers = Array.from({ length: 40 }, (_, at) => attackerAt(at) as Client)
        await honestRate([])
        const ratios: number[] = []
        // The machine has other work, too: neighboring rounds are compared, and more of them when it is close.
        do {
          const [before, during] = [await honestRate([]), await honestRate(attackers)]
          ratios.push(during / before)
        } while (ratios.length < 3 || (median(ratios) < keptShare && ratios.length < maxRounds))
        expect(median(ratios), `ratios: ${ratios}`).toBeGreaterThanOrEqual(keptShare)
      },
      180_000
    )
  }
)

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] as number
}
