import { createTestIssuer, type TestIssuer } from '@countersign/testing'
import { calculateJwkThumbprint } from 'jose'
import { type AccessTokenVerifier, createAccessTokenVerifier } from '../../src/access-token-verifier.ts'
import { createProofKey, type ProofKey } from './dpop-proofs.ts'
import { createFakeClock } from './fake-clock.ts'

/** What a framework's adapter is tried with. */
export interface VerifierFixture {
  readonly clock: ReturnType<typeof createFakeClock>
  readonly issuer: TestIssuer
  /** Trusts the issuer, and hears of no revocations. */
  readonly verifier: AccessTokenVerifier
  readonly key: ProofKey
  /** A token that is bound to the key. */
  readonly bound: string
}

export async function setUpVerifierFixture(): Promise<VerifierFixture> {
  const clock = createFakeClock()
  const issuer = await createTestIssuer({ clock })
  const verifier = createAccessTokenVerifier({
    issuer: issuer.issuer,
    audience: issuer.audience,
    keys: issuer.keySource,
    revocations: null,
    clock
  })
  const key = await createProofKey()
  return { clock, issuer, verifier, key, bound: issuer.mint({ cnf: { jkt: await calculateJwkThumbprint(key.jwk) } }) }
}
