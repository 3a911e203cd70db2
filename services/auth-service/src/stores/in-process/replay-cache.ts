import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { ReplayCache } from '../../tokens/replay-cache.ts'

/** Past this many the in-process store is full: it refuses rather than forget one that is good still. */
const maxEntries = 100_000

/** Remembers in this process, for the embedded stack; one kind never takes the other's place. */
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
