import { NotSignedInError, TemporarilyUnavailableError } from '@countersign/oauth'
import { UnsecuredJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { OnRevoked } from '../../src/issuer/revocation-listener.ts'
import { createLiveConnections, type LiveConnections } from '../../src/sessions/live-connections.ts'
import type { PresentedSession } from '../../src/sessions/session-service.ts'

const browser = { address: '192.0.2.1', userAgent: 'test', acceptLanguage: '', requestId: '1' }
const minute = 60_000

describe('connections that outlive their request', () => {
  let connections: LiveConnections
  let revoke: OnRevoked
  let isCurrent: boolean
  let isListening: boolean
  /** What the store and the issuer say of each session. */
  let responses: Map<string, Error | 'lives' | 'unknown'>
  let questions: number

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
    isCurrent = true
    isListening = false
    responses = new Map()
    questions = 0
    connections = createLiveConnections({
      clock: { now: Date.now },
      listen(onRevoked) {
        revoke = onRevoked
        isListening = true
        return { isCurrent: () => isCurrent, close: async () => {} }
      },
      sessions: {
        find: async (id = '') => sessionOf(id),
        async confirm(session) {
          questions += 1
          const response = responses.get(session.id) ?? 'lives'
          if (response instanceof Error) throw response
          return { session, isConfirmed: response === 'lives' }
        }
      }
    })
  })
  afterEach(async () => {
    await connections.close()
    vi.useRealTimers()
  })

  const sessionOf = (id: string, now = Date.now()): PresentedSession => ({
    id,
    sessionId: `sid-${id}`,
    userId: 'u1',
    username: 'alice',
    roles: [],
    accessToken: '',
    accessExpiresAt: now + 10 * minute,
    refreshAt: now + 9 * minute,
    apiTokens: {},
    refreshToken: '',
    version: 0,
    endsAt: now + 60 * minute
  })

  function open(id = 'a', jti = 'j1') {
    const end = vi.fn(() => forget())
    const accessToken = new UnsecuredJWT({ jti }).encode()
    const forget = connections.add({ session: sessionOf(id), accessToken, browser, end })
    return end
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

  test('no revocation is followed before there is one', () => {
    expect(isListening).toBe(false)
    open()
    expect(isListening).toBe(true)
  })

  test('all of a revoked session end at once, and no others', async () => {
    const [first, second, other] = [open('a'), open('a'), open('b')]
    revoke('sid', 'sid-a')
    expect([first, second, other].map((end) => end.mock.calls.length)).toEqual([1, 1, 0])
    expect(connections.count).toBe(1)
  })

  test('one whose token is revoked ends; another of the same session goes on', () => {
    const [first, second] = [open('a', 'j1'), open('a', 'j2')]
    revoke('jti', 'j1')
    expect([first, second].map((end) => end.mock.calls.length)).toEqual([1, 0])
  })

  test('a session that was revoked before is found out at once, without a revocation', async () => {
    responses.set('a', new NotSignedInError())
    const end = open('a')
    await pass(0)
    expect(end).toHaveBeenCalledOnce()
  })

  test('a session that was revoked before is detected later when the issuer does not respond at first', async () => {
    responses.set('a', 'unknown')
    const end = open('a')
    await pass(12_000)
    expect(end).not.toHaveBeenCalled()
    responses.set('a', new NotSignedInError())
    await pass(6_000)
    expect(end).toHaveBeenCalledOnce()
  })

  test('one that is added while those of its session end is checked at the issuer', async () => {
    const end = vi.fn()
    connections.add({ session: sessionOf('a'), accessToken: '', browser, end })
    await pass(0)
    responses.set('a', new NotSignedInError())
    revoke('sid', 'sid-a')
    expect(end).toHaveBeenCalledOnce()
    const late = open('a')
    await pass(0)
    expect(late).toHaveBeenCalledOnce()
  })

  test('while revocations are followed, the issuer is asked when the token is due for a refresh', async () => {
    open()
    await pass(8 * minute)
    expect(questions).toBe(1)
    await pass(2 * minute)
    expect(questions).toBe(2)
  })

  test('while they are not, the issuer is asked every five seconds, once for all of a session', async () => {
    isCurrent = false
    const [first, second] = [open('a'), open('a')]
    await pass(20_500)
    expect(questions).toBe(5)
    responses.set('a', new NotSignedInError())
    await pass(6_000)
    expect([first, second].map((end) => end.mock.calls.length)).toEqual([1, 1])
  })

  test('while the issuer is down, one lives as long as its access token', async () => {
    isCurrent = false
    responses.set('a', new TemporarilyUnavailableError())
    const session = sessionOf('a')
    const end = vi.fn()
    connections.add({ session: { ...session, accessExpiresAt: Date.now() + 30_000 }, accessToken: '', browser, end })
    await pass(28_000)
    expect(end).not.toHaveBeenCalled()
    await pass(8_000)
    expect(end).toHaveBeenCalled()
  })

  test('a session has 64 at most, and a place is free again when one has ended', () => {
    const all = Array.from({ length: 64 }, () => open('a'))
    expect(() => open('a')).toThrow('Too many WebSockets')
    open('b')
    all[0]?.()
    open('a')
    expect(connections.count).toBe(65)
  })

  test('all end when the service stops', () => {
    const ends = [open('a'), open('b')]
    connections.endAll()
    expect(ends.map((end) => end.mock.calls.length)).toEqual([1, 1])
    expect(connections.count).toBe(0)
  })
})
