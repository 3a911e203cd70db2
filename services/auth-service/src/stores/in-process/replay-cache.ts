import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { ReplayCache } from '../../tokens/replay-cache.ts'

/** Beyond this many, the cache is full: it rejects new identifiers rather than drop one that has not expired. */
const maxEntries = 100_000

/** A replay cache in this process, for the embedded stack; the kinds do not take each other's places. */
export function createInProcessReplayCache(): ReplayCache {
  const usedOf = { client_assertion: new Map<string, number>(), dpop_proof: new Map<string, number>() }
  return {
    async markUsed(kind, id, expiresAt) {
      const now = Date.now() / 1000
      const used = usedOf[kind]
      if ((used.get(id) ?? 0) > now) return false
      if (used.size >= maxEntries) for (const [other, end] of used) if (end <= now) used.delete(other)
      if (used.size >= maxEntries) throw new TemporarilyUnavailableError({ detail: 'too many proofs are remembered' })
      used.set(id, expiresAt)
      return true
    }
  }
}
