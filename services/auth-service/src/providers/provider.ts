/** Sign-in with others: identity providers, and who their users are here. */

export const providerKinds = ['oidc', 'google', 'microsoft', 'apple', 'github'] as const
export type ProviderKind = (typeof providerKinds)[number]

/** A service elsewhere with which users sign in. */
export interface Provider {
  /** In its redirect URI. */
  readonly id: string
  readonly kind: ProviderKind
  /** The name that people see. */
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Whether an address belongs to its user is this provider's to say for these domains, in lower case. */
  readonly authoritativeDomains: readonly string[]
  /** What its ID tokens say of second factors counts. */
  readonly trustsAmr: boolean
  readonly createdAt: Date
  readonly changedAt: Date
  readonly isEnabled: boolean
}

/** What this service authenticates itself with at a provider. */
export type ProviderSecret =
  | { readonly kind: 'secret'; readonly secret: string }
  /** Apple wants a JWT that is signed with this key, in PEM. */
  | { readonly kind: 'apple_key'; readonly teamId: string; readonly keyId: string; readonly privateKey: string }

/** What a kind of provider brings along. */
export interface Preset {
  readonly name?: string
  /** Without it, the operator names one. */
  readonly issuer?: string
  /** Another issuer would be trusted with what only this one knows. On loopback, one may replace it, to try things out. */
  readonly hasFixedIssuer?: true
  readonly scopes: readonly string[]
}

export const presets: Readonly<Record<ProviderKind, Preset>> = {
  oidc: { scopes: ['openid', 'profile', 'email'] },
  google: {
    name: 'Google',
    issuer: 'https://accounts.google.com',
    hasFixedIssuer: true,
    scopes: ['openid', 'profile', 'email']
  },
  microsoft: {
    name: 'Microsoft',
    issuer: 'https://login.microsoftonline.com/common/v2.0',
    scopes: ['openid', 'profile', 'email']
  },
  apple: {
    name: 'Apple',
    issuer: 'https://appleid.apple.com',
    hasFixedIssuer: true,
    scopes: ['openid', 'name', 'email']
  },
  github: { name: 'GitHub', issuer: 'https://github.com', scopes: ['read:user', 'user:email'] }
}

/** Who signed in at a provider, as it reports. */
export interface Arrival {
  /** Issuer and subject together are the key of the identity. An address never is. */
  readonly issuer: string
  readonly subject: string
  readonly address: string | undefined
  readonly isAddressVerified: boolean
  /** The domain of the organization whose account it is (Google's `hd`). */
  readonly organizationDomain: string | undefined
  /** What could be a username, the best first. */
  readonly names: readonly string[]
  /** What people call the user there. */
  readonly displayName: string | undefined
  /** How the provider authenticated the user (RFC 8176). */
  readonly amr: readonly string[]
  /** When, in seconds since 1970-01-01 UTC; not every provider says so. */
  readonly authenticatedAt: number | undefined
}
