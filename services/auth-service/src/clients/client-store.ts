import type { Client } from './client.ts'

/** An enabled client, as the database confirmed it in one statement. */
export interface ConfirmedClient extends Client {
  /** SHA-256 in base64url of its secrets. */
  readonly secretHashes: readonly string[]
  /** The moment of the statement, in seconds since 1970-01-01 UTC: the `iat` of tokens that it allows. */
  readonly issuedAt: number
  /** The key that signs at that moment. */
  readonly signingKid: string
  /** Set when this comes from a cache, and was confirmed a moment ago. */
  readonly isCached?: true
}

/** The clients, as the token endpoint reads them. */
export interface ClientStore {
  /** @returns `undefined` when there is none with this id, or it is disabled */
  findEnabled(id: string): Promise<ConfirmedClient | undefined>
}
