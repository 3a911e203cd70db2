import { readBoundedBody } from '@countersign/service-kit'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  type FetchImplementation,
  type JWTVerifyGetKey
} from 'jose'
import type { Client } from './client.ts'

/** The most clients whose keys are kept at hand. */
const maxKnown = 1000
const fetchTimeoutMs = 3000
/** A kid that is not known makes a client's keys be fetched at most this often. */
const cooldownMs = 2000
const maxAgeMs = 300_000
const maxDocumentBytes = 64 * 1024

/** Finds the public keys of clients: those that were registered, or those that the client publishes. */
export interface ClientKeys {
  keysOf(client: Pick<Client, 'id' | 'jwks' | 'jwksUri'>): JWTVerifyGetKey
}

export function createClientKeys(): ClientKeys {
  const known = new Map<string, { source: string; keys: JWTVerifyGetKey }>()
  return {
    keysOf({ id, jwks, jwksUri }) {
      const source = jwksUri ?? JSON.stringify(jwks)
      const entry = known.get(id)
      if (entry?.source === source) return entry.keys
      const keys = jwksUri === null ? createLocalJWKSet(jwks ?? { keys: [] }) : remoteKeys(jwksUri)
      known.delete(id)
      known.set(id, { source, keys })
      if (known.size > maxKnown) known.delete(known.keys().next().value as string)
      return keys
    }
  }
}

function remoteKeys(jwksUri: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: fetchTimeoutMs,
    cooldownDuration: cooldownMs,
    cacheMaxAge: maxAgeMs,
    [customFetch]: boundedFetch
  })
}

/** Redirects are not followed (jose asks for that), and no more is read than a key set can have. */
const boundedFetch: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options)
  return new Response(await readBoundedBody(response, maxDocumentBytes), {
    status: response.status,
    headers: response.headers
  })
}
