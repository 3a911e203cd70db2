import { generateSigningKey } from './generate-signing-key.ts'
import { type KeyPolicyOptions, keyPolicy } from './key-policy.ts'
import { createKeySealing } from './key-sealing.ts'
import type { MasterKeys } from './master-keys.ts'
import { createSigningKeyAdministration } from './signing-key-administration.ts'
import type { SigningKeyStore } from './signing-key-store.ts'

/** The variables for signing keys. */
export interface KeySettings extends KeyPolicyOptions {
  readonly masterKeys: MasterKeys
  readonly signingKeyBits: string
}

/** Makes the administration of the signing keys in a store, for the service and for the command line. */
export function administerKeys(settings: KeySettings, store: SigningKeyStore) {
  const sealing = createKeySealing(settings.masterKeys)
  const policy = keyPolicy(settings)
  const administration = createSigningKeyAdministration({
    store,
    sealing,
    policy,
    generate: () => generateSigningKey(sealing, Number(settings.signingKeyBits))
  })
  return { administration, sealing, policy }
}
