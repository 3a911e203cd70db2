import { TooManyRequestsError } from '@countersign/oauth'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type AttemptCounter,
  createSignInLimits,
  networkOf,
  type SignInLimits,
  verifyWithinLimits
} from '../../../src/accounts/sign-in-limits.ts'

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
  let knownAddress: string

  beforeEach(() => {
    knownAddress = ''
    counters = { perAddress: createCounter(6), perAccountAndAddress: createCounter(3), perAccount: createCounter(5) }
    limits = createSignInLimits({ ...counters, isKnownAddress: async (_, address) => address === knownAddress })
  })

  test('stop the fourth wrong password for one account from one address, with the time to wait', async () => {
    for (let i = 0; i < 3; i++) await verifyWithinLimits(limits, alice, wrong)
    const refusal = await verifyWithinLimits(limits, alice, right).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(TooManyRequestsError)
    expect(refusal).toMatchObject({ status: 429, headers: { 'Retry-After': '60' } })
  })

  test('count an attempt before its password is looked at, so that parallel guesses cannot slip past', async () => {
    let looked = 0
    const guess = async () => {
      looked++
      return undefined
    }
    await Promise.allSettled(Array.from({ length: 20 }, () => verifyWithinLimits(limits, alice, guess)))
    expect(looked).toBe(3)
  })

  test('stop one address that tries many accounts', async () => {
    const tries = Array.from({ length: 7 }, (_, i) =>
      verifyWithinLimits(limits, { usernameKey: `user-${i}`, address: '192.0.2.1' }, wrong)
    )
    const results = await Promise.allSettled(tries)
    expect(results.map(({ status }) => status)).toEqual([...Array(6).fill('fulfilled'), 'rejected'])
  })

  test('stop many addresses that try one account, and let the owner in from a known address', async () => {
    for (let i = 0; i < 5; i++) {
      await verifyWithinLimits(limits, { usernameKey: 'alice', address: `198.51.100.${i}` }, wrong)
    }
    const stranger = verifyWithinLimits(limits, { usernameKey: 'alice', address: '198.51.100.99' }, right)
    await expect(stranger).rejects.toBeInstanceOf(TooManyRequestsError)
    knownAddress = '192.0.2.1'
    await expect(verifyWithinLimits(limits, alice, right)).resolves.toBe('alice')
  })

  test('forget the wrong passwords of an address after the right one', async () => {
    await verifyWithinLimits(limits, alice, wrong)
    await verifyWithinLimits(limits, alice, wrong)
    await verifyWithinLimits(limits, alice, right)
    for (let i = 0; i < 3; i++) await verifyWithinLimits(limits, alice, wrong)
    expect(counters.perAccount.counts.get('alice')).toBe(5)
  })

  test('do not count an attempt that came to no verdict', async () => {
    const full = async () => {
      throw new Error('full')
    }
    for (let i = 0; i < 10; i++) await expect(verifyWithinLimits(limits, alice, full)).rejects.toThrow('full')
    await expect(verifyWithinLimits(limits, alice, right)).resolves.toBe('alice')
  })
})

describe('the network of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64']
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
