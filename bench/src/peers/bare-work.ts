/**
 * The limit of work that only costs processor time: signs or verifies passwords on all cores, and does nothing else.
 * Asked for a number of milliseconds, it returns how often per second it did the work; asked for a rate as well, how long
 * each took from when it was due.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { verify } from '@node-rs/argon2'
import { type Lane, pace } from '../load/pace.ts'
import { peerOptions, reportReady } from './peer-process.ts'

/** A password hash in PHC format includes its parameters. */
export type BareWork =
  | { readonly kind: 'sign'; readonly atOnce: number; readonly payloadBytes: number }
  | { readonly kind: 'verify'; readonly atOnce: number; readonly passwordHash: string; readonly password: string }

export interface BareQuestion {
  readonly milliseconds: number
  /** Without it, it is done again as soon as it is done. */
  readonly perSecond?: number
}

export interface BareRate {
  readonly perSecond: number
  /** How often it was done in all. */
  readonly done: number
  /** Milliseconds, of each at a fixed rate. */
  readonly latencies: readonly number[]
}

const work = peerOptions<BareWork>()
const once = work.kind === 'sign' ? signing(work.payloadBytes) : verifying(work.passwordHash, work.password)

process.on('message', ({ milliseconds, perSecond }: BareQuestion) => {
  const found = perSecond === undefined ? rate(milliseconds) : paced(milliseconds, perSecond)
  found.then((details) => process.send?.(details), fail)
})
reportReady({ cores: availableParallelism() })

async function rate(milliseconds: number): Promise<BareRate> {
  const begin = performance.now()
  const end = begin + milliseconds
  let done = 0
  const keepOn = async () => {
    while (performance.now() < end) {
      await once()
      done++
    }
  }
  await Promise.all(Array.from({ length: work.atOnce }, keepOn))
  return { perSecond: (done / (performance.now() - begin)) * 1000, done, latencies: [] }
}

async function paced(milliseconds: number, perSecond: number): Promise<BareRate> {
  const lane: Lane = { send: (onResponse) => void once().then(onResponse, fail) }
  const latencies = await pace(Array<Lane>(work.atOnce).fill(lane), perSecond, milliseconds)
  return { perSecond, done: latencies.length, latencies }
}

function fail(error: unknown): void {
  process.stderr.write(`${error}\n`)
  process.exit(1)
}

function signing(payloadBytes: number): () => Promise<unknown> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const payload = Buffer.alloc(payloadBytes, 'a')
  const signAsync = promisify(sign)
  return () => signAsync('RSA-SHA256', payload, privateKey)
}

function verifying(passwordHash: string, password: string): () => Promise<unknown> {
  return async () => {
    if (!(await verify(passwordHash, password))) throw new Error('the password does not match')
  }
}
