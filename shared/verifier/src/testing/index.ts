/**
 * An issuer for tests: it mints real tokens and revokes them, in the process of the test and without a network.
 *
 * @packageDocumentation
 */

export { createTestClock, type TestClock } from './clock.ts'
export {
  createTestIssuer,
  type TestClaims,
  type TestHeader,
  type TestIssuer,
  type TestIssuerOptions,
  type TestVerifierOptions
} from './issuer.ts'
export type { TestRevocation } from './revocations.ts'
export type { TestJwk } from './signing-key.ts'
