import type { JWK } from 'jose'

/** A signing key as the database holds it. */
export interface StoredSigningKey {
  readonly kid: string
  readonly publicJwk: JWK
  readonly sealedPrivateJwk: string
  /** Whether its time to sign has come, by the database's clock. */
  readonly maySign: boolean
}

export interface NewSigningKey {
  readonly kid: string
  readonly publicJwk: JWK
  readonly sealedPrivateJwk: string
}

/** Where signing keys last. Several replicas share it. */
export interface SigningKeyStore {
  /** Every key that is published, the one that signs first, then by age; pulled ones are left out. */
  listPublished(): Promise<StoredSigningKey[]>
  /**
   * Adds a key that signs at once, if there is none: of several replicas that start on an empty database at the same moment,
   * one makes the key and the others find it.
   */
  ensureFirst(make: () => Promise<NewSigningKey>): Promise<void>
}
