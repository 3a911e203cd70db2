import { Piscina } from 'piscina'
import type { Argon2 } from './password-hashing.ts'
import type { HashTask, VerifyTask } from './password-worker.ts'

/** Argon2 on threads of its own. */
export interface PasswordThreads extends Argon2 {
  close(): Promise<void>
}

/**
 * As nice as threads can be: while others want the processor, hashing gets a sixtieth of what answering and signing get. On
 * a machine with nothing else to do it is as fast as ever.
 */
const niceIncrement = 19
/** An idle thread keeps 10 MB of memory, and a new one takes 50 ms to start. */
const idleTimeoutMs = 60_000

/**
 * Starts threads for hashing alone, at most so many at once. Node's own pool stays free for signatures, which so never
 * wait for a hash, and the system's scheduler prefers whatever is not hashing.
 */
export function startPasswordThreads(count: number): PasswordThreads {
  const pool = new Piscina({
    filename: new URL('./password-worker.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: count,
    idleTimeout: idleTimeoutMs,
    niceIncrement,
    // No secret of this process is a thread's business.
    env: {},
    argv: [],
    execArgv: []
  })
  return {
    hash: (password, parameters) => pool.run({ password, parameters } satisfies HashTask, { name: 'hash' }),
    verify: (passwordHash, password) => pool.run({ passwordHash, password } satisfies VerifyTask, { name: 'verify' }),
    close: () => pool.destroy()
  }
}
