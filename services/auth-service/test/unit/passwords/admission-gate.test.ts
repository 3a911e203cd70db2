import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { Logger } from '@countersign/service-kit'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createAdmissionGate, warnOfRejections } from '../../../src/passwords/admission-gate.ts'

/** A gate whose tasks end when the test says so. */
function createFixture({ concurrency = 2, queueLimit = 8 } = {}) {
  let time = 0
  const onRejected = vi.fn()
  const gate = createAdmissionGate({ concurrency, queueLimit, onRejected, now: () => time })
  const running: { name: string; end(): void }[] = []
  const rejected: string[] = []
  const started: string[] = []
  return {
    gate,
    running,
    rejected,
    started,
    onRejected,
    passTime: (ms: number) => {
      time += ms
    },
    /** Sends a task of an account at a network, written `account@network`. */
    async send(name: string, count = 1, isHeavy = false) {
      const [account = '', network = ''] = name.split('@')
      for (let i = 0; i < count; i++) {
        const task = () =>
          new Promise<void>((resolve) => {
            started.push(name)
            running.push({ name, end: resolve })
          })
        gate.run({ network, account }, task, { isHeavy }).catch((error) => {
          expect(error).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } })
          rejected.push(name)
        })
      }
      await settled()
    },
    async endOne() {
      running.shift()?.end()
      await settled()
    }
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('the admission gate', () => {
  test('runs as many tasks as it may, lets as many wait as it may, and rejects the others with Retry-After', async () => {
    const { gate, send, running, rejected, onRejected, endOne } = createFixture({ concurrency: 2, queueLimit: 3 })
    await send('alice@home', 7)
    expect(running).toHaveLength(2)
    expect(rejected).toHaveLength(2)
    expect(() => gate.requireRoom('home')).toThrow(TemporarilyUnavailableError)
    expect(onRejected).toHaveBeenCalledTimes(3)
    for (let i = 0; i < 5; i++) await endOne()
    expect(running).toHaveLength(0)
    expect(() => gate.requireRoom('home')).not.toThrow()
  })

  test('runs one heavy task at a time, and others beside it', async () => {
    const { send, started, endOne } = createFixture({ concurrency: 4 })
    await send('alice@home', 1, true)
    await send('bob@office', 1, true)
    await send('carol@school')
    expect(started).toEqual(['alice@home', 'carol@school'])
    await endOne()
    expect(started).toEqual(['alice@home', 'carol@school', 'bob@office'])
    await send('dave@shop', 1, true)
    await endOne() // carol's
    expect(started).toHaveLength(3)
    await endOne()
    expect(started.at(-1)).toBe('dave@shop')
  })

  test.each([
    ['one account from one network', () => 'mallory@attack'],
    ['many accounts from one network', (at: number) => `user-${at}@attack`],
    ['one account from many networks', (at: number) => `mallory@attack-${at}`]
  ])('lets others in although %s has filled the queue, at the cost of those', async (_, nameOf) => {
    const { gate, send, rejected, started, endOne } = createFixture()
    for (let at = 0; at < 40; at++) await send(nameOf(at))
    rejected.length = 0
    expect(() => gate.requireRoom('home')).not.toThrow()
    await send('alice@home')
    await send('bob@office')
    expect(rejected).toHaveLength(2)
    expect(rejected).not.toContain('alice@home')
    started.length = 0
    // Before the others are there, the attacker had both places; from now on one at most.
    for (let i = 0; i < 4; i++) await endOne()
    expect(started.slice(0, 3)).toEqual(expect.arrayContaining(['alice@home', 'bob@office']))
  })

  test('lets a neighbor of the attacker in before it, in the same network', async () => {
    const { send, started, endOne } = createFixture({ concurrency: 1 })
    await send('mallory@attack', 5)
    await send('alice@attack')
    started.length = 0
    await endOne()
    expect(started).toEqual(['alice@attack'])
  })

  test('keeps half of the places from one flow while another is present, and gives them all otherwise', async () => {
    const { send, running, passTime, endOne } = createFixture({ concurrency: 4 })
    await send('alice@home')
    await endOne()
    await send('mallory@attack', 6)
    expect(running).toHaveLength(2)
    passTime(5001)
    await endOne()
    expect(running).toHaveLength(4)
  })

  test('serves flows with few tasks many times as often as flows with many', async () => {
    const { send, started, endOne } = createFixture({ concurrency: 1, queueLimit: 100 })
    await send('mallory@attack', 60)
    await send('alice@home')
    started.length = 0
    for (let i = 0; i < 30; i++) {
      await endOne()
      if (started.at(-1) === 'alice@home') await send('alice@home')
    }
    expect(started.filter((name) => name === 'mallory@attack').length).toBeLessThan(6)
    expect(started).toContain('mallory@attack')
  })
})

describe('the warning of a flood', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('comes at once, and then every ten seconds at most, with the number of rejections since', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const warned: unknown[] = []
    const warn = warnOfRejections({ warn: (fields: unknown) => warned.push(fields) } as unknown as Logger)
    for (let sent = 0; sent < 100; sent++) warn()
    expect(warned).toEqual([{ turned_away: 1 }])
    vi.advanceTimersByTime(10_000)
    warn()
    warn()
    expect(warned).toEqual([{ turned_away: 1 }, { turned_away: 100 }])
  })
})
