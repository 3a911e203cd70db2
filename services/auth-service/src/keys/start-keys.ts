import type { Logger } from '@countersign/service-kit'
import { administerKeys, type KeySettings } from './administer-keys.ts'
import { type KeyScheduleDeps, startKeySchedule } from './key-schedule.ts'
import type { SigningKeyStore } from './signing-key-store.ts'
import { openSigningKeys } from './signing-keys.ts'

/** How often this replica checks the signing keys. */
const roundIntervalMs = 5000
/** Three rounds missed: this replica was paused. */
const longestAgeMs = 15_000

export interface KeysDeps {
  config: KeySettings
  store: SigningKeyStore
  /** Called with the current keys, at each round. */
  onRound: KeyScheduleDeps['onRound']
  logger: Logger
}

export type Keys = Awaited<ReturnType<typeof startKeys>>

/**
 * Opens the signing keys, makes missing ones, and starts their rotation.
 * @throws {SealedKeyError} when the given master keys cannot open a key
 */
export async function startKeys({ config, store, onRound, logger }: KeysDeps) {
  const { administration, sealing, policy } = administerKeys(config, store)
  // Before any change: with a wrong master key, the keys must not be touched.
  const signingKeys = await openSigningKeys({
    store,
    sealing,
    logger,
    // A published key set is younger than the youngest key that may sign.
    maxAgeMs: Math.min(longestAgeMs, (policy.leadSeconds * 1000) / 2)
  })
  for (const kid of await administration.reencrypt()) {
    logger.info({ kid }, 'signing key was resealed under the current master key')
  }
  const schedule = await startKeySchedule({
    administration,
    signingKeys,
    logger,
    onRound,
    intervalMs: roundIntervalMs
  })
  // Another replica may have started on the empty database at the same moment, with another master key.
  const [sealedKeyError] = signingKeys.unopened()
  if (sealedKeyError) throw sealedKeyError
  return {
    administration,
    signingKeys,
    schedule,
    async close() {
      try {
        await schedule.close()
      } finally {
        await signingKeys.close()
      }
    }
  }
}
