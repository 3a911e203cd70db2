import { createHash, randomUUID } from 'node:crypto'
import { CompactSign, type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose'

/** A key pair of a client, and how it signs. */
export interface ProofKey {
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** A member that is `undefined` is left out. */
export interface ProofChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
}

export async function createProofKey(alg = 'ES256', options: { modulusLength?: number } = {}): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { ...options, extractable: true })
  return { alg, privateKey, jwk: await exportJWK(publicKey) }
}

/** Signs a proof as a client does, but for the changes. `now` is in milliseconds. */
export function signProof(
  { alg, privateKey, jwk }: ProofKey,
  request: { method: string; url: string; accessToken?: string; now: number },
  { header, claims }: ProofChanges = {}
): Promise<string> {
  const { method: htm, url: htu, accessToken, now } = request
  const iat = Math.floor(now / 1000)
  const ath = accessToken === undefined ? undefined : createHash('sha256').update(accessToken).digest('base64url')
  const payload = JSON.stringify({ jti: randomUUID(), htm, htu, iat, ath, ...claims })
  return signPayload({ alg, privateKey, jwk }, payload, header)
}

/** Signs any text with the header of a proof. */
export function signPayload(
  { alg, privateKey, jwk }: ProofKey,
  payload: string | Uint8Array,
  header: Readonly<Record<string, unknown>> = {}
): Promise<string> {
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...header } as { alg: string })
    .sign(privateKey)
}
