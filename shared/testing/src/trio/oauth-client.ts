import { createHash, randomUUID } from 'node:crypto'
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT
} from 'jose'
import { type ApiResponse, post, send, usedSecrets } from './api-client.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const accessTokenUrn = 'urn:ietf:params:oauth:token-type:access_token'

/** A form as OAuth endpoints take it; a parameter with several values is there several times. */
export async function postForm<T = Record<string, unknown>>(
  url: string,
  parameters: Record<string, string | readonly string[] | undefined> | string,
  headers: Record<string, string> = {}
): Promise<ApiResponse<T>> {
  const form = new URLSearchParams()
  if (typeof parameters !== 'string') {
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of value === undefined ? [] : [value].flat()) form.append(name, one)
    }
    for (const name of ['refresh_token', 'token', 'subject_token', 'client_assertion', 'client_secret']) {
      const secret = form.get(name)
      if (secret !== null && secret.length > 40) usedSecrets.add(secret)
    }
  }
  const response = await send<T & { access_token?: string; refresh_token?: string }>(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof parameters === 'string' ? parameters : form.toString()
  })
  for (const token of [response.body.access_token, response.body.refresh_token]) if (token) usedSecrets.add(token)
  return response
}

/** A key pair of a client. */
export interface ClientKey {
  readonly privateKey: CryptoKey
  readonly publicJwk: JWK
  readonly algorithm: string
}

export async function makeClientKey(algorithm = 'ES256'): Promise<ClientKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk = await exportJWK(pair.publicKey)
  return {
    privateKey: pair.privateKey,
    publicJwk: { ...publicJwk, kid: await calculateJwkThumbprint(publicJwk), alg: algorithm, use: 'sig' },
    algorithm
  }
}

export interface AssertionOptions {
  clientId: string
  audience: string | string[]
  claims?: JWTPayload
  header?: Record<string, unknown>
}

/** The parameters with which a client authenticates itself (RFC 7523 §2.2). */
export async function clientAssertion(
  { privateKey, publicJwk, algorithm }: ClientKey,
  { clientId, audience, claims, header }: AssertionOptions
): Promise<{ client_assertion_type: string; client_assertion: string }> {
  const now = Math.floor(Date.now() / 1000)
  const payload = { iss: clientId, sub: clientId, aud: audience, iat: now, exp: now + 60, jti: randomUUID(), ...claims }
  const assertion = await new SignJWT(payload)
    .setProtectedHeader({ alg: algorithm, kid: publicJwk.kid as string, ...header })
    .sign(privateKey)
  return { client_assertion_type: assertionType, client_assertion: assertion }
}

/** The header with which a client sends its secret (RFC 6749 §2.3.1). */
export function basic(clientId: string, secret: string): { Authorization: string } {
  // A wrong one that is a word proves nothing.
  if (secret.length >= 20) usedSecrets.add(secret)
  const encoded = [clientId, secret].map(encodeURIComponent).join(':')
  return { Authorization: `Basic ${Buffer.from(encoded).toString('base64')}` }
}

/** Registers a client as an admin does. */
export async function createClient(
  authUrl: string,
  admin: string,
  client: Record<string, unknown>
): Promise<Record<string, unknown> & { client_id: string; client_secret: string }> {
  const defaults = { client_id: `client-${randomUUID().slice(0, 8)}`, grant_types: ['client_credentials'] }
  const { status, body } = await post(`${authUrl}/admin/clients`, { ...defaults, ...client }, admin)
  if (status !== 201) throw new Error(`registering a client responded with ${status}: ${JSON.stringify(body)}`)
  if (typeof body.client_secret === 'string') usedSecrets.add(body.client_secret)
  return body as Record<string, unknown> & { client_id: string; client_secret: string }
}

export interface ProofOptions {
  method?: string
  url: string
  accessToken?: string
  claims?: JWTPayload
  header?: Record<string, unknown>
}

/** A DPoP proof (RFC 9449 §4.2). */
export async function dpopProof(
  { privateKey, publicJwk: { kid, use, alg, ...jwk }, algorithm }: ClientKey,
  { method = 'POST', url, accessToken, claims, header }: ProofOptions
): Promise<string> {
  const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url')
  return new SignJWT({
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ...(ath && { ath }),
    ...claims
  })
    .setProtectedHeader({ typ: 'dpop+jwt', alg: algorithm, jwk, ...header })
    .sign(privateKey)
}
