import type { Logger } from '@countersign/service-kit'
import { createAdmissionGate, warnOfRejections } from './admission-gate.ts'
import { type DecoysDeps, startDecoys } from './decoys.ts'
import { createPasswordHashing, type PasswordHashing } from './password-hashing.ts'
import { startPasswordThreads } from './password-threads.ts'

export interface PasswordSettings {
  passwordHashConcurrency: number
  passwordHashQueue: number
}

/** Password hashing that runs. */
export interface Passwords extends PasswordHashing {
  close(): Promise<void>
}

/** Starts the threads that hash, behind a gate that limits how many wait for them. */
export async function startPasswords(
  settings: PasswordSettings,
  decoysDeps: Omit<DecoysDeps, 'logger'>,
  logger: Logger
): Promise<Passwords> {
  const { passwordHashConcurrency: concurrency, passwordHashQueue: queueLimit } = settings
  const gate = createAdmissionGate({ concurrency, queueLimit, onRejected: warnOfRejections(logger) })
  const threads = startPasswordThreads(concurrency)
  const decoys = await startDecoys({ ...decoysDeps, logger })
  return {
    ...(await createPasswordHashing(gate, threads, decoys)),
    async close() {
      await decoys.close()
      await threads.close()
    }
  }
}
