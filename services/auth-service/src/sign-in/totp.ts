import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { MasterKeys } from '../keys/master-keys.ts'
import { createSealing, type Sealing } from '../keys/sealing.ts'
import type { SealedSeeds } from './second-factors.ts'

/** What every authenticator app supports (RFC 6238): SHA-1, 6 digits, steps of 30 seconds. */
const shape = { algorithm: 'SHA1', digits: 6, period: 30 }
/** RFC 4226 §4 R6 recommends 160 bits. */
const seedBytes = 20
/** A code is valid one step early and one step late. */
const window = 1

/** What an authenticator app has to know. */
export interface TotpSetUp {
  /** The seed in base32 (RFC 4648), for typing. */
  readonly secret: string
  /** For the QR code. */
  readonly uri: string
}

export function newSeed(): Buffer {
  return randomBytes(seedBytes)
}

export function setUpOf(seed: Uint8Array, { product, username }: { product: string; username: string }): TotpSetUp {
  const totp = totpOf(seed, { issuer: product, label: username })
  return { secret: totp.secret.base32, uri: totp.toString() }
}

/**
 * Compares a code with those of the steps around now (RFC 6238 §5.2).
 * @returns the number of the step whose code it is; `undefined` when it is of none
 */
export function stepOfCode(seed: Uint8Array, code: string, now: number = Date.now()): number | undefined {
  // The library throws for letters of more than one byte.
  if (!/^[0-9]{6}$/.test(code)) return undefined
  const totp = totpOf(seed)
  const delta = totp.validate({ token: code, timestamp: now, window })
  return delta === null ? undefined : totp.counter({ timestamp: now }) + delta
}

function totpOf(seed: Uint8Array, names: { issuer?: string; label?: string } = {}): TOTP {
  return new TOTP({ ...shape, ...names, secret: new Secret({ buffer: Uint8Array.from(seed).buffer }) })
}

const resealedAtOnce = 500

/** Seals with the current master key what an older one has sealed. @returns how many seeds that were */
export async function resealSeeds(seeds: SealedSeeds, sealing: Sealing): Promise<number> {
  let resealed = 0
  let after: string | undefined
  do {
    const page = await seeds.page(after, resealedAtOnce)
    for (const { userId, sealedSeed } of page) {
      const sealed = sealing.reseal(userId, sealedSeed)
      if (!sealed) continue
      await seeds.replace(userId, sealedSeed, sealed)
      resealed++
    }
    after = page.length === resealedAtOnce ? page.at(-1)?.userId : undefined
  } while (after !== undefined)
  return resealed
}

/** Seals seeds like signing keys, each bound to its user. */
export function createTotpSealing(masterKeys: MasterKeys): Sealing {
  return createSealing(masterKeys, 'totp seed sealing v1')
}
