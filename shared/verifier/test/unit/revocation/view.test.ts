import type { RevocationKind } from '@countersign/verifier'
import { createTestClock } from '@countersign/verifier/testing'
import { describe, expect, it, vi } from 'vitest'
import { createRevocationView } from '../../../src/revocation/view.ts'

const setUp = () => {
  const clock = createTestClock()
  const onRevoked = vi.fn()
  const onChange = vi.fn()
  const view = createRevocationView({ clock, onRevoked, onChange })
  const entry = (kind: RevocationKind, value: string, secondsLeft = 600) => ({
    kind,
    value,
    expiresAt: clock.now() / 1000 + secondsLeft
  })
  return { clock, view, entry, onRevoked, onChange }
}
const token = { jti: 'j', sid: 's', kid: 'k' }

describe('the revocation view', () => {
  it('hits by the exact jti, sid or kid and by nothing else', () => {
    for (const kind of ['jti', 'sid', 'kid'] as const) {
      const { view, entry } = setUp()
      expect(view.isRevoked(token)).toBe(false)
      view.add([entry(kind, token[kind])])
      expect(view.findHit(token)).toBe(kind)
      expect(view.findHit({ ...token, [kind]: `${token[kind]} ` })).toBeUndefined()
      for (const other of ['jti', 'sid', 'kid'] as const) {
        if (other !== kind) expect(view.isRevoked({ jti: 'x', sid: 'x', kid: 'x', [other]: token[kind] })).toBe(false)
      }
    }
  })

  it('does not hit a token without sid by an entry for some sid', () => {
    const { view, entry } = setUp()
    view.add([entry('sid', 'undefined')])
    expect(view.isRevoked({ jti: 'j', kid: 'k' })).toBe(false)
  })

  it('hits a token by the session of each actor, and by an actor in no other way', () => {
    const { view, entry } = setUp()
    const actors = ['first', 'second']
    view.add([entry('jti', 'first'), entry('kid', 'first')])
    expect(view.findHit({ ...token, actors })).toBeUndefined()
    view.add([entry('sid', 'second')])
    expect(view.findHit({ ...token, actors })).toBe('sid')
    expect(view.findHit({ ...token, actors: ['first'] })).toBeUndefined()
    expect(view.findHit(token)).toBeUndefined()
  })

  it('is endlessly stale before it was ever complete', () => {
    const { view, clock } = setUp()
    expect(view.staleness()).toBe(Number.POSITIVE_INFINITY)
    view.setInterrupted('unavailable')
    clock.advance(1000)
    expect(view.staleness()).toBe(Number.POSITIVE_INFINITY)
    expect(view.status()).toEqual({ isLoaded: false, isCurrent: false, stalenessSeconds: null, entries: 0 })
  })

  it('ages from its as-of time, and stands still at an interruption', () => {
    const { view, clock } = setUp()
    view.setCurrent(clock.monotonic())
    clock.advance(2000)
    expect(view.staleness()).toBe(2000)
    view.setInterrupted('unavailable')
    clock.advance(1000)
    expect(view.status()).toMatchObject({ isLoaded: true, isCurrent: false, stalenessSeconds: 3 })
    view.setCurrent(clock.monotonic() - 10)
    expect(view.staleness()).toBe(10)
  })

  it('ages from the interruption when it was current until further notice', () => {
    const { view, clock } = setUp()
    view.setCurrent(Number.POSITIVE_INFINITY)
    clock.advance(60_000)
    expect(view.staleness()).toBe(0)
    view.setInterrupted('flushed')
    clock.advance(1500)
    expect(view.staleness()).toBe(1500)
  })

  it('neither becomes fresh nor loses entries when the wall clock is set', () => {
    for (const jump of [-86_400_000, 86_400_000]) {
      const { view, clock, entry } = setUp()
      view.setCurrent(clock.monotonic())
      view.add([entry('jti', 'j', 600)])
      clock.advance(9000)
      clock.setBy(jump)
      expect(view.staleness()).toBe(9000)
      view.setCurrent(clock.monotonic())
      clock.advance(580_000)
      view.setCurrent(clock.monotonic())
      expect(view.isRevoked(token)).toBe(true)
    }
  })

  it('knows an entry until it expires and not for long after', () => {
    const { view, clock, entry } = setUp()
    view.add([entry('jti', 'j', 10.5), entry('sid', 's', 3600)])
    clock.advance(10_499)
    view.setInterrupted('unavailable')
    expect(view.findHit(token)).toBe('jti')
    clock.advance(1501)
    view.setInterrupted('unavailable')
    expect(view.findHit(token)).toBe('sid')
    expect(view.status().entries).toBe(1)
  })

  it('keeps the later end of an entry that comes twice, in either order', () => {
    for (const lives of [
      [10, 100],
      [100, 10]
    ]) {
      const { view, clock, entry } = setUp()
      for (const life of lives) view.add([entry('jti', 'j', life)])
      clock.advance(50_000)
      view.add([])
      expect(view.isRevoked(token)).toBe(true)
      expect(view.status().entries).toBe(1)
      clock.advance(52_000)
      expect(view.status().entries).toBe(0)
    }
  })

  it('skips entries that have expired, are of an unknown kind or make no sense', () => {
    const { view, entry } = setUp()
    view.add([
      entry('jti', 'j', -1),
      entry('epoch' as RevocationKind, 'j'),
      entry('constructor' as RevocationKind, 'j'),
      entry('jti', ''),
      entry('jti', 'x'.repeat(257)),
      { kind: 'jti', value: 'j', expiresAt: Number.NaN }
    ])
    expect(view.status().entries).toBe(0)
  })

  it('removes a great many entries bit by bit', () => {
    const { view, clock, entry } = setUp()
    const entries = Array.from({ length: 25_000 }, (_, at) => entry('jti', `j${at}`, 5))
    view.add(entries)
    clock.advance(10_000)
    view.add([])
    expect(view.status().entries).toBe(5_000)
    expect(view.status().entries).toBe(0)
  })

  it('tells at once of what is revoked, when it knows it itself', () => {
    const { view, entry, onRevoked } = setUp()
    view.add([entry('jti', 'a'), entry('kid', 'k'), entry('sid', 'b')])
    expect(onRevoked.mock.calls).toEqual([
      ['jti', 'a'],
      ['kid', 'k'],
      ['sid', 'b']
    ])
    onRevoked.mockImplementation((kind, value) => {
      expect(view.isRevoked({ jti: 'none', kid: 'none', [kind]: value })).toBe(true)
    })
    view.add([entry('sid', 'c')])
    expect(onRevoked).toHaveBeenLastCalledWith('sid', 'c')
  })

  it('tells how long each live entry was under way, once, and nothing of what was read from the past', () => {
    const { clock, entry } = setUp()
    const onPropagated = vi.fn()
    const view = createRevocationView({ clock, onPropagated })
    view.add([
      entry('jti', 'past'),
      { ...entry('sid', 'a'), ageSeconds: 0.002 },
      { ...entry('sid', 'a'), ageSeconds: 3 }
    ])
    view.add([
      { ...entry('jti', 'past'), ageSeconds: 1 },
      { ...entry('jti', 'expired', -1), ageSeconds: 1 },
      { ...entry('ip' as RevocationKind, 'x'), ageSeconds: 1 },
      { ...entry('kid', 'k'), ageSeconds: 0 }
    ])
    expect(onPropagated.mock.calls).toEqual([[0.002], [0]])
  })

  it('knows an entry by the time it tells of it', () => {
    const { clock, entry } = setUp()
    const seen: boolean[] = []
    const view = createRevocationView({ clock, onPropagated: () => seen.push(view.isRevoked(token)) })
    view.add([{ ...entry('sid', 's'), ageSeconds: 0 }])
    expect(seen).toEqual([true])
  })

  it('tells each change once, the first one included', () => {
    const { view, clock, onChange } = setUp()
    view.setInterrupted('connection refused')
    view.setInterrupted('connection refused')
    view.setCurrent(clock.monotonic())
    view.setCurrent(clock.monotonic())
    view.setInterrupted('reset')
    expect(onChange.mock.calls).toEqual([
      [false, 'connection refused'],
      [true, undefined],
      [false, 'reset']
    ])
  })
})
