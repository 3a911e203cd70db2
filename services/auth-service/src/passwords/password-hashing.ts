import { randomBytes } from 'node:crypto'
import { hash, type Options, parseOptions } from '@node-rs/argon2'
import type { AdmissionGate } from './admission-gate.ts'
import type { Decoys } from './decoys.ts'
import type { FlowPair } from './flows.ts'
import { normalizePassword } from './password-policy.ts'
import { isHeavy, isImported, verifyHash } from './verify-hash.ts'

/** OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. */
const argon2Parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Hashes and verifies passwords behind the admission gate, off the event loop. */
export interface PasswordHashing {
  /** @returns a hash in PHC format */
  hash(password: string, flow: FlowPair): Promise<string>
  /**
   * Does the same work with and without a hash to compare with, so that the time reveals nothing.
   * @param passwordHash `undefined` for an unknown user, who is known by the account of the flow
   */
  verify(passwordHash: string | undefined, password: string, flow: FlowPair): Promise<boolean>
  /** A hash that no password matches. */
  readonly unusableHash: string
  /** Whether a hash was made with other parameters than today's, or by another system. */
  isOutdated(passwordHash: string): boolean
  /**
   * Rejects when the queue is full for this network, before any query or count: a flood then costs little.
   * @throws {TemporarilyUnavailableError}
   */
  requireRoom(network: string): void
}

/** The functions themselves, wherever they run. In a service never on the event loop. */
export interface HashFunctions {
  /** argon2 */
  hash(password: string, parameters: Options): Promise<string>
  /** As {@link verifyHash}. */
  verify(passwordHash: string, password: string): Promise<boolean>
}

/** For a command: on Node's own thread pool, and verifying where it is. */
export const ownHashFunctions: HashFunctions = Object.freeze({
  hash: (password: string, parameters: Options) => hash(password, parameters),
  verify: async (passwordHash: string, password: string) => verifyHash(passwordHash, password)
})

const unusableSalt = new TextEncoder().encode('countersign-none')
/** Is part of a hash that no password matches, and of no other. */
export const unusableMark = `$${Buffer.from(unusableSalt).toString('base64').replaceAll('=', '')}$`

/** @returns a hash that no password matches, which takes as long to verify as another */
export function makeUnusableHash(functions: Pick<HashFunctions, 'hash'>): Promise<string> {
  return functions.hash(randomBytes(32).toString('base64url'), { ...argon2Parameters, salt: unusableSalt })
}

/** @param decoys what is verified for an unknown user, if not a hash like those of today */
export async function createPasswordHashing(
  gate: AdmissionGate,
  functions: HashFunctions,
  decoys?: Pick<Decoys, 'hashFor'>
): Promise<PasswordHashing> {
  const unusableHash = await makeUnusableHash(functions)
  return {
    unusableHash,
    requireRoom: (network) => gate.requireRoom(network),
    hash: (password, flow) => gate.run(flow, () => functions.hash(normalizePassword(password), argon2Parameters)),
    async verify(passwordHash, password, flow) {
      const compared = passwordHash ?? decoys?.hashFor(flow.account) ?? unusableHash
      // Another system has hashed what was typed, and another installation of this one its normal form.
      const texts = new Set([...(isImported(compared) ? [password] : []), normalizePassword(password)])
      const verify = async () => {
        for (const text of texts) if (await functions.verify(compared, text)) return true
        return false
      }
      const matches = await gate.run(flow, verify, { isHeavy: isHeavy(compared) })
      return matches && passwordHash !== undefined
    },
    isOutdated(passwordHash) {
      if (isImported(passwordHash)) return true
      const made = parseOptions(passwordHash)
      return Object.entries(argon2Parameters).some(([name, value]) => made[name as keyof typeof made] !== value)
    }
  }
}
