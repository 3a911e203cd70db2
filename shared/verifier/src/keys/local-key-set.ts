import { type Clock, systemClock } from '../clock.ts'
import { deferred } from '../deferred.ts'
import { KeysUnavailableError } from '../errors.ts'
import { noFetches } from './fetch-log.ts'
import { parseJsonWebKeySet } from './json-web-key-set.ts'
import type { KeySource } from './key-source.ts'
import { createVerificationKeys } from './verification-keys.ts'

/** A key source that fetches nothing, for an issuer that verifies its own tokens. */
export interface LocalKeySet extends KeySource {
  /**
   * Uses the keys of this JWKS and no others.
   *
   * @throws {Error} when the document is refused; the keys known before stay.
   */
  replace(document: unknown): Promise<void>
}

/** Makes a key source without keys; `replace` gives it some. */
export function createLocalKeySet({ clock = systemClock }: { clock?: Clock } = {}): LocalKeySet {
  const verificationKeys = createVerificationKeys()
  const firstKeys = deferred()
  let replacedAt: number | undefined
  let ignoredKeys = 0

  return {
    get: (kid) => verificationKeys.get(kid),
    async find(kid) {
      if (replacedAt === undefined) throw new KeysUnavailableError({ detail: 'no keys were set yet' })
      return verificationKeys.get(kid)
    },
    remove: (kid) => void verificationKeys.remove(kid),
    async replace(document) {
      const { keys, ignored } = await parseJsonWebKeySet(document)
      verificationKeys.replace(keys)
      ignoredKeys = ignored.length
      replacedAt = clock.monotonic()
      firstKeys.resolve()
    },
    ready: () => firstKeys.promise,
    status: () => ({
      count: verificationKeys.size,
      ageSeconds: replacedAt === undefined ? null : (clock.monotonic() - replacedAt) / 1000,
      consecutiveFailures: 0,
      fetches: noFetches(),
      ignoredKeys
    }),
    async close() {
      firstKeys.reject(new KeysUnavailableError({ detail: 'the key set was closed' }))
    }
  }
}
