import { createTestIssuer, type TestIssuer } from '@countersign/testing'
import { type Contestant, type Flaw, flaws } from './contestants.ts'

/**
 * Tries a valid token, and one with each flaw. A contestant that does not reject what it claims to reject, or rejects what
 * it claims not to check, would make the results wrong.
 */
export async function proveChecks(
  contestant: Contestant,
  url: string,
  issuer: TestIssuer,
  revokedJti: string
): Promise<void> {
  const good = await request(url, issuer.mint())
  if (good.status !== 200 || good.body !== '{"sub":"user-1"}') {
    throw new Error(`${contestant.name} responds to a valid token with ${good.status}: ${good.body}`)
  }
  // The same `kid`, so that only the signature is wrong.
  const forger = await createTestIssuer({ issuer: issuer.issuer, audience: issuer.audience })
  const flawed: Record<Flaw, string | undefined> = {
    'no token': undefined,
    'another signature': forger.mint({}, { kid: issuer.kid }),
    expired: issuer.mint({ exp: Math.floor(Date.now() / 1000) - 120 }),
    'another audience': issuer.mint({ aud: 'https://other.example.com' }),
    'another typ': issuer.mint({}, { typ: 'JWT' }),
    revoked: issuer.mint({ jti: revokedJti })
  }
  for (const flaw of flaws) {
    const expected = contestant.refuses.includes(flaw) ? 401 : 200
    const { status } = await request(url, flawed[flaw])
    if (status !== expected) throw new Error(`${contestant.name}: "${flaw}" got ${status}, not ${expected}`)
  }
}

async function request(url: string, token: string | undefined): Promise<{ status: number; body: string }> {
  const response = await fetch(url, { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.text() }
}
