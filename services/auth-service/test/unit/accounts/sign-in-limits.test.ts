import { TooManyRequestsError } from '@countersign/oauth'
import { beforeEach, describe, expect, test } from 'vitest'
import { type AttemptCounter, createSignInLimits, type SignInLimits } from '../../../src/accounts/sign-in-limits.ts'

function createCounter(limit: number): AttemptCounter & { counts: Map<string, number> } {
  const counts = new Map<string, number>()
  return {
    counts,
    async consume(key) {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return (counts.get(key) as number) > limit ? 60_000 : 0
    },
    async refund(key) {
      counts.set(key, (counts.get(key) ?? 0) - 1)
    },
    async reset(key) {
      counts.delete(key)
    }
  }
}

const wrong = async () => undefined
const right = async () => 'alice'
const alice = { usernameKey: 'alice', address: '192.0.2.1' }

describe('the limits on sign-in', () => {
  let limits: SignInLimits
  let counters: {
    perAddress: AttemptCounter
    perAccountAndAddress: AttemptCounter
    perAccount: ReturnType<typeof createCounter>
  }
  let knownNetwork: string

  beforeEach(() => {
    knownNetwork = ''
    counters = { perAddress: createCounter(6), perAccountAndAddress: createCounter(3), perAccount: createCounter(5) }
    limits = createSignInLimits({ ...counters, isKnownNetwork: async (_, network) => network === knownNetwork })
  })

  test('stop the fourth wrong password for one account from one address, with the time to wait', async () => {
    for (let i = 0; i < 3; i++) await limits.verify(alice, wrong)
    const refusal = await limits.verify(alice, right).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TooManyRequestsError)
    expect(refusal).toMatchObject({ status: 429, headers: { 'Retry-After': '60' } })
  })

  test('count an attempt before its password is looked at, so that parallel guesses cannot slip past', async () => {
    let looked = 0
    const guess = async () => {
      looked++
      return undefined
    }
    await Promise.allSettled(Array.from({ length: 20 }, () => limits.verify(alice, guess)))
    expect(looked).toBe(3)
  })

  test('stop one address that tries many accounts', async () => {
    const tries = Array.from({ length: 7 }, (_, i) =>
      limits.verify({ usernameKey: `user-${i}`, address: '192.0.2.1' }, wrong)
    )
    const results = await Promise.allSettled(tries)
    expect(results.map(({ status }) => status)).toEqual([...Array(6).fill('fulfilled'), 'rejected'])
  })

  test('stop many addresses that try one account, and let the owner in from a known address', async () => {
    for (let i = 0; i < 5; i++) {
      await limits.verify({ usernameKey: 'alice', address: `198.51.100.${i}` }, wrong)
    }
    const stranger = limits.verify({ usernameKey: 'alice', address: '198.51.100.99' }, right)
    await expect(stranger).rejects.toBeInstanceOf(TooManyRequestsError)
    knownNetwork = '192.0.2.1'
    await expect(limits.verify(alice, right)).resolves.toBe('alice')
  })

  test('forget the wrong passwords of an address after the right one', async () => {
    await limits.verify(alice, wrong)
    await limits.verify(alice, wrong)
    await limits.verify(alice, right)
    for (let i = 0; i < 3; i++) await limits.verify(alice, wrong)
    expect(counters.perAccount.counts.get('alice')).toBe(5)
  })

  test('let right passwords pass however many are under way: what is not yet wrong is waited for', async () => {
    let running = 0
    const slowlyRight = async () => {
      running++
      await new Promise((resolve) => setTimeout(resolve, 5))
      return 'alice'
    }
    const results = await Promise.all(Array.from({ length: 25 }, () => limits.verify(alice, slowlyRight)))
    expect(results).toEqual(Array(25).fill('alice'))
    expect(running).toBe(25)
  })

  test('refuse those who waited once the ones before them turned out wrong', async () => {
    const slowlyWrong = () => new Promise<undefined>((resolve) => setTimeout(resolve, 5, undefined))
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => limits.verify(alice, slowlyWrong)))
    expect(results.map(({ status }) => status).sort()).toEqual([
      ...Array(3).fill('fulfilled'),
      ...Array(7).fill('rejected')
    ])
  })

  test('do not count an attempt that came to no verdict', async () => {
    const full = async () => {
      throw new Error('full')
    }
    for (let i = 0; i < 10; i++) await expect(limits.verify(alice, full)).rejects.toThrow('full')
    await expect(limits.verify(alice, right)).resolves.toBe('alice')
  })
})
