/** The program of a thread of `password-threads.ts`: one hash at a time. */
import { hashSync, type Options, verifySync } from '@node-rs/argon2'

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

/** Whether the password is the one that was hashed. */
export function verify({ passwordHash, password }: VerifyTask): boolean {
  return verifySync(passwordHash, password)
}
