import { randomBytes } from 'node:crypto'
import { hash, type Options, parseOptions, verify } from '@node-rs/argon2'
import type { AdmissionGate } from './admission-gate.ts'
import type { FlowPair } from './flows.ts'
import { normalizePassword } from './password-policy.ts'

/** OWASP's first recommendation for argon2id: 19 MiB, two passes, one lane. */
const argon2Parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** Hashes and verifies passwords behind the admission gate, off the event loop. */
export interface PasswordHashing {
  /** @returns a hash in PHC format */
  hash(password: string, flow: FlowPair): Promise<string>
  /**
   * Does the same work with and without a hash to compare with, so that the time reveals nothing.
   * @param passwordHash `undefined` for an unknown user
   */
  verify(passwordHash: string | undefined, password: string, flow: FlowPair): Promise<boolean>
  /** Whether a hash was made with other parameters than today's. */
  isOutdated(passwordHash: string): boolean
  /**
   * Rejects when the queue is full for this network, before any query or count: a flood then costs little.
   * @throws {TemporarilyUnavailableError}
   */
  requireRoom(network: string): void
}

/** The argon2 function, wherever it runs. Never on the event loop. */
export interface Argon2 {
  hash(password: string, parameters: Options): Promise<string>
  verify(passwordHash: string, password: string): Promise<boolean>
}

/** On Node's own thread pool, for programs that do little else. */
export const pooledArgon2: Argon2 = Object.freeze({
  hash: (password: string, parameters: Options) => hash(password, parameters),
  verify: (passwordHash: string, password: string) => verify(passwordHash, password)
})

export async function createPasswordHashing(gate: AdmissionGate, argon2: Argon2): Promise<PasswordHashing> {
  const hashOfNobody = await argon2.hash(randomBytes(32).toString('base64url'), argon2Parameters)
  return {
    requireRoom: (network) => gate.requireRoom(network),
    hash: (password, flow) => gate.run(flow, () => argon2.hash(normalizePassword(password), argon2Parameters)),
    async verify(passwordHash, password, flow) {
      const matches = await gate.run(flow, () =>
        argon2.verify(passwordHash ?? hashOfNobody, normalizePassword(password))
      )
      return matches && passwordHash !== undefined
    },
    isOutdated(passwordHash) {
      const made = parseOptions(passwordHash)
      return Object.entries(argon2Parameters).some(([name, value]) => made[name as keyof typeof made] !== value)
    }
  }
}
