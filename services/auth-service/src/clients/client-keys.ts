import type { Logger } from '@countersign/service-kit'
import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose'
import { LRUCache } from 'lru-cache'
import type { OutboundFetch } from '../outbound/outbound-fetch.ts'
import type { Client } from './client.ts'
import { readKeySet } from './key-rules.ts'

/** The most clients whose keys are cached. */
const maxKnown = 1000
const fetchTimeoutMs = 3000
/** How often an unknown kid may cause a client's keys to be fetched. */
const cooldownMs = 2000
const maxAgeMs = 300_000
const maxDocumentBytes = 64 * 1024

/** Finds the public keys of clients: those that were registered, or those that the client publishes. */
export interface ClientKeys {
  keysOf(client: Pick<Client, 'id' | 'jwks' | 'jwksUri'>): JWTVerifyGetKey
}

export interface ClientKeysDeps {
  readonly fetch: OutboundFetch
  readonly logger: Pick<Logger, 'warn'>
}

/** Every key is checked by `key-rules.ts` when it is read, registered or fetched, whenever that is. */
export function createClientKeys({ fetch, logger }: ClientKeysDeps): ClientKeys {
  const known = new LRUCache<string, { source: string; keys: JWTVerifyGetKey }>({ max: maxKnown })
  return {
    keysOf({ id, jwks, jwksUri }) {
      const source = jwksUri ?? JSON.stringify(jwks)
      const entry = known.get(id)
      if (entry?.source === source) return entry.keys
      const keys =
        jwksUri === null ? createLocalJWKSet(readKeySet(jwks ?? { keys: [] }).keySet) : published(id, jwksUri)
      known.set(id, { source, keys })
      return keys
    }
  }

  function published(clientId: string, jwksUri: string): JWTVerifyGetKey {
    let reported = '[]'
    return createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: fetchTimeoutMs,
      cooldownDuration: cooldownMs,
      cacheMaxAge: maxAgeMs,
      async [customFetch](url) {
        const request = {
          headers: { accept: 'application/json' },
          timeoutMs: fetchTimeoutMs,
          maxBytes: maxDocumentBytes
        }
        const { status, body } = await fetch(url, request)
        if (status !== 200) throw new Error(`the address of the keys responded with the status ${status}`)
        const { keySet, refused } = readKeySet(parseJson(body))
        // Logged once for each change of the set: a stranger can cause fetches, and must not fill the log.
        const report = JSON.stringify(refused)
        if (report !== reported)
          logger.warn({ client_id: clientId, refused }, 'published keys of a client are not used')
        reported = report
        return Response.json(keySet)
      }
    })
  }
}

/** A `SyntaxError` would count as a fault of the assertion. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch (cause) {
    throw new Error('the address of the keys responded without JSON', { cause })
  }
}
