import { signingAlgorithm } from '@countersign/verifier'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { KeySealing } from './key-sealing.ts'
import type { NewSigningKey } from './signing-key-store.ts'

/** Generates an RSA key pair whose kid is its thumbprint (RFC 7638); the private half leaves this function only sealed. */
export async function generateSigningKey(sealing: KeySealing, modulusBits: number): Promise<NewSigningKey> {
  const pair = await generateKeyPair(signingAlgorithm, { modulusLength: modulusBits, extractable: true })
  const exported = await exportJWK(pair.publicKey)
  const kid = await calculateJwkThumbprint(exported)
  return {
    kid,
    publicJwk: publishedJwk(kid, exported),
    sealedPrivateJwk: await sealing.seal(kid, await exportJWK(pair.privateKey))
  }
}

/** The public members that JWKS may show (RFC 7517 §4, RFC 7518 §6.3.1), picked one by one: never a private one. */
export function publishedJwk(kid: string, { kty, n, e }: JWK): JWK {
  if (kty !== 'RSA' || n === undefined || e === undefined) throw new TypeError('A signing key is an RSA key.')
  return { kty, use: 'sig', alg: signingAlgorithm, kid, n, e }
}
