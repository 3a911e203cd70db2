/**
 * Carries the denylist inside one process: the twin of `./redis` for a stack without Redis, and for tests.
 *
 * @packageDocumentation
 */

export {
  createInProcessRevocationFeed,
  type InProcessRevocationsOptions,
  inProcessRevocations
} from './in-process-revocations.ts'
export { createInProcessRevocationLog, type InProcessRevocationLog, type LogFollower } from './revocation-log.ts'
