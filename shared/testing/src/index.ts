/** Shared by tests: infrastructure, the verifier's test issuer, and the contract suites of the ports. */
export { createTestIssuer, type TestIssuer } from '@countersign/verifier/testing'
export * from './contracts/revocation-feed.contract.ts'
export * from './infrastructure/index.ts'
export { type RunningClock, runningTimeOf, startRunningClock, until } from './running-clock.ts'
export * from './serve-key-set.ts'
export * from './within.ts'
