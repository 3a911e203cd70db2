import { Piscina } from 'piscina'
import type { HashFunctions } from './password-hashing.ts'
import type { HashTask, VerifyTask } from './password-worker.ts'

/** Hash functions on threads of their own. */
export interface PasswordThreads extends HashFunctions {
  close(): Promise<void>
}

/**
 * The highest niceness of a thread: when others want the processor, hashing gets a sixtieth of the share of responses and
 * signatures. On an idle machine it is as fast as ever.
 */
const niceIncrement = 19
/** An idle thread keeps 10 MB of memory, and a new one takes 50 ms to start. */
const idleTimeoutMs = 60_000

/**
 * Starts threads that only hash, at most `count` at once. Node's own pool stays free, so that signatures never wait for a
 * hash, and the system's scheduler prefers everything else.
 */
export function startPasswordThreads(count: number): PasswordThreads {
  const pool = new Piscina({
    filename: new URL('./password-worker.js', import.meta.url).href,
    // The first starts with the first hash.
    minThreads: 0,
    maxThreads: count,
    idleTimeout: idleTimeoutMs,
    niceIncrement,
    // A thread gets no secret of this process.
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
