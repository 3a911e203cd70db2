/** Measures a revocation view of a given size: bytes for each entry, and nanoseconds for each look-up. */
import { randomUUID } from 'node:crypto'
import { createRevocationView, systemClock } from '@countersign/verifier'

const size = Number(process.argv[2])
const view = createRevocationView({ clock: systemClock })
const expiresAt = Math.ceil(Date.now() / 1000) + 3600

const heapBefore = usedHeap()
const known: string[] = []
for (let done = 0; done < size; done += 1000) {
  const values = Array.from({ length: Math.min(1000, size - done) }, flatUuid)
  view.add(values.map((value) => ({ kind: 'sid' as const, value, expiresAt })))
  if (done % 100_000 === 0) known.push(...values.slice(0, 10))
}
const bytes = usedHeap() - heapBefore

const rounds = 1_000_000
const strangers = Array.from({ length: 1000 }, () => ({ jti: randomUUID(), sid: randomUUID(), kid: 'a-signing-key' }))
let hits = 0
const begin = process.hrtime.bigint()
for (let i = 0; i < rounds; i++) {
  if (view.isRevoked(strangers[i % strangers.length] as (typeof strangers)[number])) hits++
}
const nanoseconds = Number(process.hrtime.bigint() - begin) / rounds
const missing = known.filter((sid) => !view.isRevoked({ jti: 'j', sid, kid: 'k' })).length
if (hits > 0 || missing > 0) throw new Error('the view is wrong')
process.stdout.write(JSON.stringify({ bytesPerEntry: bytes / size, nanoseconds }))

/** A UUID like one from a network buffer: `randomUUID` alone gives a tree of twenty little strings. */
function flatUuid(): string {
  return Buffer.from(randomUUID(), 'latin1').toString('latin1')
}

function usedHeap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
