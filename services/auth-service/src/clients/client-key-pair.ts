import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, type JSONWebKeySet } from 'jose'

/** The kinds of key pairs for `private_key_jwt`. PS256 is missing: its PEM would be taken for RS256. */
export const clientKeyAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const
export type ClientKeyAlgorithm = (typeof clientKeyAlgorithms)[number]

export interface ClientKeyPair {
  /** The thumbprint of the public key (RFC 7638), which clients that hold a PEM name their key by. */
  readonly kid: string
  /** PKCS#8 PEM. */
  readonly privateKey: string
  /** What is registered. */
  readonly jwks: JSONWebKeySet
}

/** Makes a key pair by which a client can authenticate itself. It is not stored. */
export async function generateClientKeyPair(alg: ClientKeyAlgorithm): Promise<ClientKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  return { kid, privateKey: await exportPKCS8(privateKey), jwks: { keys: [{ ...publicJwk, kid, alg, use: 'sig' }] } }
}
