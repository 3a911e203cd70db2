/**
 * Measures what `verify` of a cached token costs beside a denylist of a given size: a batch, in nanoseconds for each, at
 * each message `measure`; where the time of several goes at `profile`.
 */
import { randomUUID } from 'node:crypto'
import { Session } from 'node:inspector/promises'
import { createTestIssuer } from '@countersign/testing'
import { createAccessTokenVerifier } from '@countersign/verifier'
import { createInProcessRevocationLog, inProcessRevocations } from '@countersign/verifier/in-process'

const size = Number(process.argv[2])
const tokenCount = 2000
const perBatch = 40_000

const issuer = await createTestIssuer()
const log = createInProcessRevocationLog()
const expiresAt = Math.ceil(Date.now() / 1000) + 3600
for (let done = 0; done < size; done += 1000) {
  log.append(
    Array.from({ length: Math.min(1000, size - done) }, () => ({ kind: 'sid' as const, value: flatUuid(), expiresAt }))
  )
}
log.complete()
const { keySource: keys, audience } = issuer
const revocations = inProcessRevocations(log)
const verifier = createAccessTokenVerifier({ issuer: issuer.issuer, audience, keys, revocations })
await verifier.ready()

const tokens = Array.from({ length: tokenCount }, () => issuer.mint({ sid: randomUUID() }))
for (const token of tokens) await verifier.verify(token)
// For the compilers.
await verifyMany(perBatch * 3)
if (verifier.status().revocations?.entries !== size) throw new Error('the view is not complete')
globalThis.gc?.()

process.on('message', async (question: 'measure' | 'profile') => {
  const begin = process.hrtime.bigint()
  if (question === 'measure') {
    await verifyMany(perBatch)
    process.send?.({ nanoseconds: Number(process.hrtime.bigint() - begin) / perBatch })
    return
  }
  const session = await startProfile()
  await verifyMany(perBatch * 10)
  process.send?.(await session.post('Profiler.stop'))
})
process.on('disconnect', () => process.exit(0))
process.send?.({ ready: true })

async function startProfile(): Promise<Session> {
  const profiling = new Session()
  profiling.connect()
  await profiling.post('Profiler.enable')
  await profiling.post('Profiler.start')
  return profiling
}

async function verifyMany(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await verifier.verify(tokens[i % tokenCount] as string)
}

/** A UUID like one from a network buffer: `randomUUID` alone gives a tree of twenty little strings. */
function flatUuid(): string {
  return Buffer.from(randomUUID(), 'latin1').toString('latin1')
}
