import type { Bytes } from '../hashes.ts'
import type { RequestedGrant } from '../tokens/requested-grant.ts'

/** How long a browser may be at a provider. */
export const transactionSeconds = 600

/** Within a session, an identity is to be linked to its user, or is to show that it is still this user. */
export interface WithinSession {
  readonly purpose: 'link' | 'step_up'
  readonly userId: string
  readonly sessionId: string
  readonly credentialsState: string
}

export type ProviderPurpose = 'sign_in' | WithinSession['purpose']

/** A browser is at a provider, and is expected back. */
export interface ProviderTransaction {
  /** Hash of the secret that the browser keeps. */
  readonly secretHash: Bytes
  /** Hash of the `state` that goes to the provider and back. */
  readonly stateHash: Bytes
  readonly providerId: string
  readonly issuer: string
  readonly nonce: string
  /** The PKCE code verifier (RFC 7636). */
  readonly verifier: string
  /** Absent for a sign-in. */
  readonly within: WithinSession | undefined
  readonly grant: RequestedGrant
}

export interface ProviderTransactions {
  begin(transaction: ProviderTransaction): Promise<void>
  /** One taker gets it. @returns `undefined` when there is none that fits, or it has expired */
  take(
    key: Pick<ProviderTransaction, 'secretHash' | 'stateHash' | 'providerId'> & { readonly purpose: ProviderPurpose }
  ): Promise<ProviderTransaction | undefined>
}
