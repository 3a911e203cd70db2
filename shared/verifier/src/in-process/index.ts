/**
 * Carries the denylist inside one process: the twin of `./redis` for a stack without Redis, and for tests.
 *
 * @packageDocumentation
 */

export { createInProcessRevocationLog, type InProcessRevocationLog, type LogFollower } from './revocation-log.ts'
export {
  createInProcessRevocationFeed,
  type InProcessRevocationsOptions,
  inProcessRevocations
} from './revocations.ts'
