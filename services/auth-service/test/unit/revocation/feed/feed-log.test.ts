import { expect, test } from 'vitest'
import { createFeedLog, type FeedLog } from '../../../../src/revocation/feed/feed-log.ts'
import type { CommittedEntry } from '../../../../src/revocation/feed/feed-source.ts'

const entry = (id: number, members: Partial<CommittedEntry> = {}): CommittedEntry => ({
  kind: 'sid',
  value: `v${id}`,
  expiresAt: 1000,
  transactionId: BigInt(id),
  ageSeconds: 0,
  ...members
})

function valuesOf(log: FeedLog, { after = 0, since = 0n } = {}): string[] {
  let text = ''
  for (let item = log.next(after, since); item; item = log.next(item.end, since)) text += item.bytes.toString()
  return [...text.matchAll(/"value":"([^"]+)"/g)].map(([, value]) => value as string)
}

test('many entries become events below 64 KiB, in order', () => {
  const log = createFeedLog()
  const entries = Array.from({ length: 1000 }, (_, id) => entry(id, { value: 'x'.repeat(250) + id }))
  log.append(entries, 1)
  for (let item = log.next(0, 0n); item; item = log.next(item.end, 0n)) expect(item.bytes.length).toBeLessThan(65_536)
  expect(valuesOf(log)).toEqual(entries.map(({ value }) => value))
})

test('small items are merged, and a stream in the middle of one misses nothing', () => {
  const log = createFeedLog()
  for (let id = 0; id < 200; id++) log.append([entry(id)], 1)
  const middle = log.next(30, 0n)
  const all = valuesOf(log)
  log.compact(0)
  expect(log.next(0, 0n)?.end).toBe(64)
  expect(valuesOf(log)).toEqual(all)
  expect(valuesOf(log, { after: middle?.end })).toEqual(expect.arrayContaining(all.slice(31)))
})

test('a stream that resumes gets every entry of a transaction that was open, and few others', () => {
  const log = createFeedLog()
  for (let id = 0; id < 300; id++) log.append([entry(id)], 1)
  // Committed later than those after it.
  log.append([entry(150, { value: 'late' })], 1)
  log.compact(0)
  const values = valuesOf(log, { since: 150n })
  expect(values).toContain('late')
  expect(values).toEqual(expect.arrayContaining(Array.from({ length: 150 }, (_, at) => `v${at + 150}`)))
  expect(values.length).toBeLessThan(240)
})

test('what has expired is dropped, and an entry of a key keeps no other one', () => {
  const log = createFeedLog()
  for (let id = 0; id < 200; id++)
    log.append([entry(id), entry(id, { kind: 'kid', value: `k${id}`, expiresAt: 600_000 })], 1)
  log.compact(0)
  log.compact(1001)
  expect(valuesOf(log)).toEqual(Array.from({ length: 200 }, (_, id) => `k${id}`))
})
