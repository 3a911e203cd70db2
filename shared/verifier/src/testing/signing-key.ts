import { generateKeyPair, randomUUID, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { signingAlgorithm } from '../access-token-profile.ts'

/** A public key as the issuer publishes it. */
export interface TestJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
  readonly use: 'sig'
  readonly alg: 'RS256'
  readonly kid: string
}

/** A key pair of a test issuer. */
export interface TestSigningKey {
  readonly jwk: TestJwk
  /** Signs any two texts as a compact JWS. */
  sign(header: string, payload: string): string
}

export async function createSigningKey(): Promise<TestSigningKey> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const { n, e } = publicKey.export({ format: 'jwk' })
  if (n === undefined || e === undefined) throw new Error('not an RSA key')
  return {
    jwk: { kty: 'RSA', n, e, use: 'sig', alg: signingAlgorithm, kid: randomUUID() },
    sign(header, payload) {
      const input = `${base64url(header)}.${base64url(payload)}`
      return `${input}.${sign('RSA-SHA256', Buffer.from(input), privateKey).toString('base64url')}`
    }
  }
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
