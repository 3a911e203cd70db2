/** The two steps of a sign-in with another service: the browser goes there, and comes back. */
import { randomBytes } from 'node:crypto'
import { InvalidCredentialsError, NotFoundError } from '@countersign/oauth'
import { randomPKCECodeVerifier } from 'openid-client'
import type { UserStore } from '../accounts/user-store.ts'
import type { ClientInfo } from '../client-info.ts'
import { sha256 } from '../hashes.ts'
import type { Language } from '../mail/mail.ts'
import { sessionEnded } from '../sessions/session-ended.ts'
import type { AttemptCounters } from '../sign-in/attempt-counters.ts'
import {
  type CompletionDeps,
  completeSignIn,
  firstPartyGrant,
  type SignInResponse
} from '../sign-in/complete-sign-in.ts'
import type { Device } from '../sign-in/device-tokens.ts'
import { chargeAddress } from '../sign-in/request-limits.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { RequestedGrant } from '../tokens/requested-grant.ts'
import type { Identities, Identity } from './identities.ts'
import type { Arrival, Provider } from './provider.ts'
import type { ProviderStore } from './provider-administration.ts'
import type { ProviderClient } from './provider-client.ts'
import { ProviderRefusedError } from './provider-errors.ts'
import {
  type LinkPurpose,
  type ProviderTransaction,
  type ProviderTransactions,
  transactionSeconds
} from './provider-transactions.ts'

export interface ProviderDeps {
  providers: ProviderStore
  providerClient: ProviderClient
  providerTransactions: ProviderTransactions
  identities: Identities
  counters: AttemptCounters
  /** Where people find the pages; the bff-service there receives browsers that come back. */
  pagesUrl: string | undefined
}

export interface ProviderSignInDeps extends ProviderDeps, CompletionDeps {
  users: Pick<UserStore, 'findCredentialsById' | 'recordFailedSignIn'>
  registration: 'open' | 'closed'
  registrationsPerAddress: number
  unusableHash: string
}

/** In an hour, from an address, for all providers. Each leaves a row for ten minutes. */
const startsPerAddress = 300

export interface StartedTransaction {
  /** Where the browser goes. */
  readonly authorizationUrl: string
  /** What it keeps, to show that it is the one that went. */
  readonly transaction: string
  readonly expiresInSeconds: number
}

/**
 * Begins a sign-in with a provider, or the linking of an identity.
 * @throws {NotFoundError} for a provider that is unknown or disabled
 * @throws {ProviderAwayError} {@link TooManyRequestsError}
 */
export async function startAtProvider(
  { providers, providerClient, providerTransactions, counters, pagesUrl }: ProviderDeps,
  {
    providerId,
    link,
    grant,
    origin
  }: { providerId: string; link?: LinkPurpose; grant: RequestedGrant; origin: ClientInfo }
): Promise<StartedTransaction> {
  const provider = await providers.findEnabled(providerId)
  if (!provider) throw unknownProvider()
  await chargeAddress(counters, { name: 'provider_start', address: origin.address, limit: startsPerAddress })
  const [transaction, state, nonce] = [newSecret(), newSecret(), newSecret()]
  const verifier = randomPKCECodeVerifier()
  const redirectUri = redirectUriOf(pagesUrl, providerId)
  const authorizationUrl = await providerClient.authorizationUrl(provider, { redirectUri, state, nonce, verifier })
  await providerTransactions.begin({
    secretHash: sha256(transaction),
    stateHash: sha256(state),
    providerId,
    issuer: provider.issuer,
    nonce,
    verifier,
    link,
    grant
  })
  return { authorizationUrl, transaction, expiresInSeconds: transactionSeconds }
}

/** A browser that has come back, with what it kept and what the provider gave it. */
export interface Return {
  readonly providerId: string
  readonly transaction: string
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Starts the session of a user who has come back from a provider.
 * @throws {FactorRequiredError} when a second factor is missing
 * @throws {ProviderRefusedError} {@link ProviderAwayError}
 * @throws {InvalidCredentialsError} when the user is disabled
 */
export async function signInByProvider(
  deps: ProviderSignInDeps,
  request: {
    returned: Return
    device: Device | undefined
    trustedDevice: string | undefined
    dpopKey: DpopKey | undefined
    language: Language | undefined
    origin: ClientInfo
  }
): Promise<SignInResponse> {
  const { language, origin } = request
  const { provider, arrival, transaction } = await receive(deps, request.returned, 'sign_in')
  const { registration, unusableHash, counters, registrationsPerAddress: limit } = deps
  const beforeCreation = () => chargeAddress(counters, { name: 'registration', address: origin.address, limit })
  const first = { registration, unusableHash, beforeCreation }
  const resolved = await deps.identities.resolve({ provider, arrival, ...first, language, origin })
  if (!('userId' in resolved)) throw new ProviderRefusedError(resolved.outcome)
  const user = await deps.users.findCredentialsById(resolved.userId)
  if (!user || user.isDisabled) {
    await deps.users.recordFailedSignIn(user?.id, origin)
    throw new InvalidCredentialsError({ detail: 'the user is disabled' })
  }
  await request.dpopKey?.markUsed()
  return completeSignIn(deps, {
    user,
    methods: showsSecondFactor(provider, arrival) ? ['provider', 'provider_mfa'] : ['provider'],
    device: request.device,
    trustedDevice: request.trustedDevice,
    grant: firstPartyGrant(deps, transaction.grant),
    jkt: request.dpopKey?.jkt,
    // A provider lets a browser pass without a question, perhaps long after its user showed anything.
    authenticatedAt: new Date((arrival.authenticatedAt ?? 0) * 1000),
    origin
  })
}

/** RFC 8176: more than one factor was used there. It counts for a provider that is trusted to say so. */
function showsSecondFactor({ trustsAmr }: Provider, { amr }: Arrival): boolean {
  return trustsAmr && amr.includes('mfa')
}

/**
 * Links the identity of a user who has come back from a provider, within the session that began it.
 * @throws {ProviderRefusedError} {@link ProviderAwayError} {@link AccessDeniedError}
 */
export async function linkByProvider(
  deps: ProviderDeps,
  {
    returned,
    userId,
    sessionId,
    ...cause
  }: { returned: Return; userId: string; sessionId: string; language: Language | undefined; origin: ClientInfo }
): Promise<Identity> {
  const { provider, arrival, transaction } = await receive(deps, returned, 'link')
  const { link } = transaction
  if (link?.userId !== userId || link.sessionId !== sessionId) throw new ProviderRefusedError('invalid_transaction')
  const result = await deps.identities.link({ provider, arrival, ...link, ...cause })
  switch (result.outcome) {
    case 'linked':
    case 'linked_before':
      return result.identity
    case 'linked_to_another':
      throw new ProviderRefusedError('identity_taken')
    case 'too_many':
      throw new ProviderRefusedError('too_many_identities')
    case 'user_changed':
      throw new ProviderRefusedError('invalid_transaction', { detail: 'the user changed meanwhile' })
    case 'session_ended':
      throw sessionEnded()
  }
}

/** Uses the transaction up, whatever comes of it: a second try needs another code anyway. */
async function receive(
  { providers, providerClient, providerTransactions, pagesUrl }: ProviderDeps,
  { providerId, transaction: secret, parameters }: Return,
  purpose: 'sign_in' | 'link'
): Promise<{ provider: Provider; arrival: Arrival; transaction: ProviderTransaction }> {
  const { state = '' } = parameters
  // The provider is part of the key, so that no response can be given to the redirect URI of another one (mix-up).
  const key = { secretHash: sha256(secret), stateHash: sha256(state), providerId, purpose }
  const transaction = await providerTransactions.take(key)
  if (!transaction) throw new ProviderRefusedError('invalid_transaction')
  const provider = await providers.findEnabled(providerId)
  if (!provider || provider.issuer !== transaction.issuer) throw unknownProvider()
  const { nonce, verifier } = transaction
  const redirectUri = redirectUriOf(pagesUrl, providerId)
  const arrival = await providerClient.identify(provider, { redirectUri, state, nonce, verifier, parameters })
  return { provider, arrival, transaction }
}

/** Each provider has its own. */
export function redirectUriOf(pagesUrl: string | undefined, providerId: string): string {
  if (pagesUrl === undefined) throw unknownProvider()
  return new URL(`/bff/providers/${providerId}/callback`, pagesUrl).href
}

function unknownProvider(): NotFoundError {
  return new NotFoundError({ description: 'There is no sign-in with this service here.' })
}

/** 256 bits. */
function newSecret(): string {
  return randomBytes(32).toString('base64url')
}
