import type { Provider, ProviderKind, ProviderSecret } from './provider.ts'

export interface NewProvider {
  readonly id: string
  readonly kind: ProviderKind
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly secret: ProviderSecret | undefined
  readonly scopes: readonly string[]
  readonly authoritativeDomains: readonly string[]
  readonly trustsAmr: boolean
}

/** What may change. Not the kind or the issuer: they say whose subjects the identities are. */
export type ProviderChange = {
  readonly [Name in Exclude<keyof NewProvider, 'id' | 'kind' | 'issuer'>]?: NewProvider[Name] | undefined
} & { readonly isEnabled?: boolean | undefined }

/** A provider as admins see it: whether it has a secret, and how many users sign in with it. */
export interface AdministeredProvider extends Provider {
  readonly hasSecret: boolean
  readonly identities: number
}

export type ProviderOutcome =
  | { readonly outcome: 'created' | 'changed'; readonly provider: AdministeredProvider }
  /** Another provider has the issuer: identities there would belong to both. */
  | { readonly outcome: 'issuer_taken' }
  | { readonly outcome: 'taken' | 'unknown' | 'not_an_admin' }

/** Writes an audit event in the transaction of each change. Without an actor, it is the operator. */
export interface ProviderAdministration {
  list(): Promise<readonly AdministeredProvider[]>
  find(id: string): Promise<AdministeredProvider | undefined>
  /** Whether the provider has this secret already. */
  holdsSecret(id: string, secret: ProviderSecret): Promise<boolean>
  create(provider: NewProvider, actorId: string | undefined): Promise<ProviderOutcome>
  change(id: string, change: ProviderChange, actorId: string | undefined): Promise<ProviderOutcome>
  /** @param withIdentities otherwise one with which users sign in stays */
  delete(
    id: string,
    options: { withIdentities: boolean },
    actorId: string | undefined
  ): Promise<'deleted' | 'unknown' | 'in_use' | 'not_an_admin'>
}

/** What a sign-in needs of the providers. */
export interface ProviderStore {
  /** Those that are enabled, by name. */
  listEnabled(): Promise<readonly Provider[]>
  /** @returns `undefined` also when it is disabled */
  findEnabled(id: string): Promise<(Provider & { readonly secret: ProviderSecret | undefined }) | undefined>
}
