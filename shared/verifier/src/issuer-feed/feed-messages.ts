import type { RevocationKind } from '../access-token-profile.ts'
import type { RevocationEntry } from '../revocation/feed.ts'

/** An event of the feed, checked. Readings are of the issuer's monotonic clock, in milliseconds. */
export type FeedMessage =
  | { readonly type: 'hello'; readonly nonce: string; readonly reading: number }
  | { readonly type: 'revoked'; readonly reading: number; readonly entries: readonly AgedEntry[] }
  | { readonly type: 'current'; readonly reading: number }

/** An entry with the seconds since its revocation, at the reading. */
export interface AgedEntry extends RevocationEntry {
  readonly ageSeconds: number | undefined
}

/**
 * Reads an event. `undefined` for one whose name is not known: others may come one day.
 *
 * @throws when it does not have the form of its name
 */
export function readFeedMessage(name: string, data: string): FeedMessage | undefined {
  if (name !== 'hello' && name !== 'revoked' && name !== 'current') return undefined
  const { reading, nonce, entries } = Object(JSON.parse(data)) as Readonly<Record<string, unknown>>
  if (typeof reading !== 'number' || !Number.isFinite(reading)) throw malformed(name)
  if (name === 'current') return { type: name, reading }
  if (name === 'hello') {
    if (typeof nonce !== 'string') throw malformed(name)
    return { type: name, reading, nonce }
  }
  if (!Array.isArray(entries)) throw malformed(name)
  return { type: name, reading, entries: entries.map(readEntry) }
}

/** Kinds that are not known, and values that make no sense, are skipped by the view. */
function readEntry(entry: unknown): AgedEntry {
  const { kind, value, exp, age } = Object(entry) as Readonly<Record<string, unknown>>
  if (typeof kind !== 'string' || typeof value !== 'string' || typeof exp !== 'number') throw malformed('revoked')
  return { kind: kind as RevocationKind, value, expiresAt: exp, ageSeconds: typeof age === 'number' ? age : undefined }
}

function malformed(name: string): Error {
  return new Error(`an event "${name}" that cannot be read`)
}
