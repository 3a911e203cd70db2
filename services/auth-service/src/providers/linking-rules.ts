import { domainToASCII } from 'node:url'
import type { Arrival, Provider } from './provider.ts'

/** What is known here about an identity that is not linked to anybody yet. */
export interface LinkingFacts {
  /** Whether somebody has verified the address of the arrival here. */
  readonly hasAccountAtAddress: boolean
  /** Whether the provider's word about that address counts here. */
  readonly isAddressProven: boolean
  /** Whether the owner of that account has a second factor: it would have to be shown before anything changes. */
  readonly hasSecondFactor: boolean
  readonly registration: 'open' | 'closed'
}

/**
 * What becomes of the first sign-in by an identity. An account is never linked for an address that nobody has verified here, nor for one
 * that the provider is not trusted for: the owner of the account has to sign in, and link the identity.
 */
export function decideFirstSignIn(facts: LinkingFacts): 'link' | 'create' | 'account_exists' | 'registration_closed' {
  if (facts.hasAccountAtAddress) return facts.isAddressProven && !facts.hasSecondFactor ? 'link' : 'account_exists'
  return facts.registration === 'open' ? 'create' : 'registration_closed'
}

/**
 * Whether the provider says that the address is its user's, and is the one to know: Google for Gmail and for the domain of the
 * organization, each provider for the domains that are configured.
 */
export function isAddressProven(
  { kind, authoritativeDomains }: Pick<Provider, 'kind' | 'authoritativeDomains'>,
  { address, isAddressVerified, organizationDomain }: Arrival
): boolean {
  if (address === undefined || !isAddressVerified) return false
  const domain = domainOf(address)
  if (authoritativeDomains.includes(domain)) return true
  return kind === 'google' && (domain === 'gmail.com' || domain === organizationDomain?.toLowerCase())
}

function domainOf(address: string): string {
  return domainToASCII(address.slice(address.lastIndexOf('@') + 1)).toLowerCase()
}
