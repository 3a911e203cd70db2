import type { CryptoKey } from 'jose'
import type { PublicKey } from './json-web-key-set.ts'

/** What a new set of keys has changed, as kids. One whose key is another one now is in both lists. */
export interface VerificationKeysChange {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** The keys that are at hand, by `kid`. */
export interface VerificationKeys {
  get(kid: string): CryptoKey | undefined
  /** Uses these keys and no others; a key that stays the same stays the same object, and a removed one stays away. */
  replace(keys: readonly PublicKey[]): VerificationKeysChange
  /** Returns whether the key was there. */
  remove(kid: string): boolean
  isRemoved(kid: string): boolean
  readonly size: number
}

/** The most removed kids that are kept. A key is revoked once in a while, not a thousand times. */
const maxRemoved = 1000

/** Makes an empty set of keys. */
export function createVerificationKeys(): VerificationKeys {
  let current = new Map<string, PublicKey>()
  // A JWKS out of some cache may name a revoked key for a while: it must not come back.
  const removed = new Set<string>()

  return {
    get: (kid) => current.get(kid)?.key,
    isRemoved: (kid) => removed.has(kid),
    get size() {
      return current.size
    },
    replace(keys) {
      const next = new Map<string, PublicKey>()
      for (const key of keys) {
        const known = current.get(key.kid)
        if (!removed.has(key.kid)) next.set(key.kid, known?.fingerprint === key.fingerprint ? known : key)
      }
      const change = { added: kidsOfChanged(next, current), removed: kidsOfChanged(current, next) }
      current = next
      return change
    },
    remove(kid) {
      const wasThere = current.delete(kid)
      removed.add(kid)
      if (removed.size > maxRemoved) removed.delete(removed.values().next().value as string)
      return wasThere
    }
  }
}

function kidsOfChanged(keys: ReadonlyMap<string, PublicKey>, others: ReadonlyMap<string, PublicKey>): string[] {
  return [...keys.values()].filter((key) => others.get(key.kid) !== key).map(({ kid }) => kid)
}
