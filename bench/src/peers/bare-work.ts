/**
 * The limit of work that only costs processor time: signs or verifies passwords on all cores, and does nothing else.
 * Asked for a number of milliseconds, it returns how often per second it did the work.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { verify } from '@node-rs/argon2'
import { peerOptions, tellReady } from './peer-process.ts'

/** A password hash in PHC format includes its parameters. */
export type BareWork =
  | { readonly kind: 'sign'; readonly atOnce: number; readonly payloadBytes: number }
  | { readonly kind: 'verify'; readonly atOnce: number; readonly passwordHash: string; readonly password: string }

export interface BareRate {
  readonly perSecond: number
  /** How often it was done in all. */
  readonly done: number
}

const work = peerOptions<BareWork>()
const once = work.kind === 'sign' ? signing(work.payloadBytes) : verifying(work.passwordHash, work.password)

process.on('message', ({ milliseconds }: { milliseconds: number }) => {
  rate(milliseconds).then(
    (found) => process.send?.(found),
    (error: unknown) => {
      process.stderr.write(`${error}\n`)
      process.exit(1)
    }
  )
})
tellReady({ cores: availableParallelism() })

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
  return { perSecond: (done / (performance.now() - begin)) * 1000, done }
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
