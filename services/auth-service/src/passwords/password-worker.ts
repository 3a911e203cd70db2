/** The program of a thread of `password-threads.ts`: one hash at a time. */
import { hashSync, type Options } from '@node-rs/argon2'
import { verifyHash } from './verify-hash.ts'

export interface HashTask {
  readonly password: string
  readonly parameters: Options
}

export interface VerifyTask {
  readonly passwordHash: string
  readonly password: string
}

/** @returns a hash in PHC format */
export function hash({ password, parameters }: HashTask): string {
  return hashSync(password, parameters)
}

/** As {@link verifyHash}. */
export function verify({ passwordHash, password }: VerifyTask): boolean {
  return verifyHash(passwordHash, password)
}
