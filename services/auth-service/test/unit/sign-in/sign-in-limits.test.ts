import { setTimeout as delay } from 'node:timers/promises'
import { TooManyRequestsError } from '@countersign/oauth'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Acquaintance } from '../../../src/sessions/refresh-token-families.ts'
import type { SignInLimitSettings } from '../../../src/sign-in/sign-in-counts.ts'
import { createSignInLimits, type SignInLimits } from '../../../src/sign-in/sign-in-limits.ts'
import { createInProcessAttemptCounters } from '../../../src/stores/in-process/attempt-counters.ts'

const wrong = async () => undefined
const right = async () => 'alice'
const alice = { usernameKey: 'alice', address: '192.0.2.1' }
const settings: SignInLimitSettings = {
  signInLimitWindowSeconds: 60,
  signInFailuresPerAddress: 6,
  signInFailuresPerAccountAndAddress: 3,
  signInFailuresPerAccount: 5,
  signInsPerAccountAndAddress: 100,
  signInsPerAccount: 200
}

describe('the limits on sign-in', () => {
  let limits: SignInLimits
  let knownNetwork: string
  const recognize = async ({ network, userId }: { network: string; userId?: string | undefined }) =>
    ({ isKnownNetwork: network === knownNetwork, isOwnDevice: userId === 'alice-id' }) satisfies Acquaintance
  const start = (changed: Partial<SignInLimitSettings> = {}, slowlyRecognize = recognize) =>
    createSignInLimits({
      counters: createInProcessAttemptCounters(),
      settings: { ...settings, ...changed },
      recognize: slowlyRecognize
    })

  const guessFrom = (address: string, usernameKey = 'alice') =>
    limits.verify({ usernameKey, address }, wrong).then(
      () => 401,
      (error) => error.status
    )

  beforeEach(() => {
    knownNetwork = ''
    limits = start()
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
    for (let i = 0; i < 3; i++) expect(await guessFrom(alice.address)).toBe(401)
    expect(await guessFrom(alice.address)).toBe(429)
  })

  test('accept correct passwords however many attempts are running: attempts without a result are waited for', async () => {
    let running = 0
    const slowlyRight = async () => {
      running++
      await delay(5)
      return 'alice'
    }
    const results = await Promise.all(Array.from({ length: 25 }, () => limits.verify(alice, slowlyRight)))
    expect(results).toEqual(Array(25).fill('alice'))
    expect(running).toBe(25)
  })

  test('accept a correct password although the attempts before it ended while its owner was looked up', async () => {
    let end = () => {}
    const ended = new Promise<string>((resolve) => {
      end = () => resolve('alice')
    })
    let attempts: Promise<unknown>[] = []
    limits = start({}, async (guess) => {
      end()
      await Promise.all(attempts.slice(0, 3))
      return recognize(guess)
    })
    attempts = Array.from({ length: 4 }, () => limits.verify(alice, () => ended))
    expect(await Promise.all(attempts)).toEqual(Array(4).fill('alice'))
  })

  test('refuse those who waited once the ones before them turned out wrong', async () => {
    const slowlyWrong = () => delay(5, undefined)
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

  test('let right passwords through one after another while more wait than the limit', async () => {
    limits = start({ signInFailuresPerAccountAndAddress: 1, signInFailuresPerAccount: 1, signInFailuresPerAddress: 1 })
    const slowlyRight = () => delay(1, 'alice')
    const results = await Promise.all(Array.from({ length: 25 }, () => limits.verify(alice, slowlyRight)))
    expect(results).toEqual(Array(25).fill('alice'))
  })

  test('count IPv6 by /64, /56 and /48, each with a larger limit than the one before', async () => {
    limits = start({ signInFailuresPerAddress: 20, signInFailuresPerAccount: 1000 })
    const guessesUntilRejected = async (address: (at: number) => string) => {
      for (let at = 0; ; at++) if ((await guessFrom(address(at), `user-${at}`)) === 429) return at
    }
    expect(await guessesUntilRejected((at) => `2001:db8:1::${at}`)).toBe(20)
    expect(await guessesUntilRejected((at) => `2001:db8:2:${at.toString(16)}::1`)).toBe(22)
    expect(await guessesUntilRejected((at) => `2001:db8:3:${at.toString(16)}00::1`)).toBe(25)
    expect(await guessesUntilRejected((at) => `::ffff:192.0.2.${at}`)).toBeGreaterThan(25)
  })

  test('let an account in from its known network after a neighbor has used up the limit of the address', async () => {
    for (let i = 0; i < 6; i++) await guessFrom('192.0.2.1', `user-${i}`)
    await expect(limits.verify(alice, right)).rejects.toBeInstanceOf(TooManyRequestsError)
    knownNetwork = '192.0.2.1'
    await expect(limits.verify(alice, right)).resolves.toBe('alice')
    for (let i = 0; i < 3; i++) expect(await guessFrom('192.0.2.1')).toBe(401)
    expect(await guessFrom('192.0.2.1')).toBe(429)
  })

  test('give the device of the owner a budget of its own, and another device none', async () => {
    for (let i = 0; i < 5; i++) await guessFrom(`198.51.100.${i}`)
    const strange = { ...alice, device: { id: 'mallory-device', userId: 'mallory-id' } }
    await expect(limits.verify(strange, right)).rejects.toBeInstanceOf(TooManyRequestsError)
    const own = { ...alice, device: { id: 'alice-device', userId: 'alice-id' } }
    await expect(limits.verify(own, right)).resolves.toBe('alice')
    for (let i = 0; i < 3; i++) expect(await limits.verify(own, wrong)).toBeUndefined()
    await expect(limits.verify(own, right)).rejects.toBeInstanceOf(TooManyRequestsError)
  })

  test('count a rejected attempt for its network', async () => {
    for (let i = 0; i < 5; i++) await guessFrom(`198.51.100.${i}`)
    for (let i = 0; i < 6; i++) expect(await guessFrom('203.0.113.1')).toBe(429)
    expect(await guessFrom('203.0.113.1', 'bob')).toBe(429)
    expect(await guessFrom('203.0.113.2', 'bob')).toBe(401)
  })

  test('limit right passwords by account and address, and by account', async () => {
    limits = start({ signInsPerAccountAndAddress: 3, signInsPerAccount: 5 })
    const signInFrom = (address: string) =>
      limits.verify({ usernameKey: 'alice', address }, right).then(
        () => 200,
        (error) => error.status
      )
    const statuses = []
    for (let i = 0; i < 4; i++) statuses.push(await signInFrom('192.0.2.1'))
    for (let i = 0; i < 3; i++) statuses.push(await signInFrom('192.0.2.2'))
    expect(statuses).toEqual([200, 200, 200, 429, 200, 200, 429])
  })
})
