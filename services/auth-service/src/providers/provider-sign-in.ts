/** The two steps of a sign-in with another service, and of what is done with one in a session: the browser goes there, and comes back. */
import { randomBytes } from 'node:crypto'
import { InvalidCredentialsError, NotFoundError } from '@countersign/oauth'
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
import type { SignInMethod } from '../sign-in/needed-factor.ts'
import { chargeAddress } from '../sign-in/request-limits.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { RequestedGrant } from '../tokens/requested-grant.ts'
import type { Identities, Identity } from './identities.ts'
import type { Arrival, Provider } from './provider.ts'
import type { ProviderStore } from './provider-administration.ts'
import type { ProviderClient } from './provider-client.ts'
import { ProviderRefusedError } from './provider-errors.ts'
import {
  type ProviderPurpose,
  type ProviderTransaction,
  type ProviderTransactions,
  transactionSeconds,
  type WithinSession
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
 * Begins a sign-in with a provider, the linking of an identity, or a re-authentication.
 * @throws {NotFoundError} for a provider that is unknown or disabled
 * @throws {ProviderRefusedError} for a re-authentication with a provider that cannot say when its user signed in
 * @throws {ProviderUnavailableError} {@link TooManyRequestsError}
 */
export async function startAtProvider(
  { providers, providerClient, providerTransactions, counters, pagesUrl }: ProviderDeps,
  {
    providerId,
    within,
    grant = { resource: undefined, scopes: undefined },
    origin
  }: { providerId: string; within?: WithinSession; grant?: RequestedGrant; origin: ClientInfo }
): Promise<StartedTransaction> {
  const provider = await providers.findEnabled(providerId)
  if (!provider) throw unknownProvider()
  const asksAgain = within?.purpose === 'step_up'
  if (asksAgain && provider.kind === 'github') throw new ProviderRefusedError('sign_in_not_recent')
  await chargeAddress(counters, { name: 'provider_start', address: origin.address, limit: startsPerAddress })
  const [transaction, state, nonce] = [newSecret(), newSecret(), newSecret()]
  const verifier = newSecret()
  const redirectUri = redirectUriOf(pagesUrl, providerId)
  const request = { redirectUri, state, nonce, verifier, asksAgain }
  const authorizationUrl = await providerClient.authorizationUrl(provider, request)
  await providerTransactions.begin({
    secretHash: sha256(transaction),
    stateHash: sha256(state),
    providerId,
    issuer: provider.issuer,
    nonce,
    verifier,
    within,
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
 * @throws {ProviderRefusedError} {@link ProviderUnavailableError}
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
    user: { ...user, credentialsState: resolved.credentialsState },
    methods: methodsOf(provider, arrival),
    device: request.device,
    trustedDevice: request.trustedDevice,
    grant: firstPartyGrant(deps, transaction.grant),
    jkt: request.dpopKey?.jkt,
    // A provider lets a browser pass without a question, perhaps long after its user showed anything.
    authenticatedAt: authenticatedAtOf(arrival),
    origin
  })
}

/** Long ago, if the provider does not say it. */
function authenticatedAtOf({ authenticatedAt = 0 }: Arrival): Date {
  return new Date(authenticatedAt * 1000)
}

export interface ProviderStepUpDeps extends ProviderDeps, CompletionDeps {
  users: Pick<UserStore, 'findCredentialsById' | 'recordFailedReauthentication'>
  /** How long ago a recent sign-in may be. */
  recentSignInSeconds: number
}

/**
 * Re-authenticates the user of a session, who has come back from a provider (RFC 9470). A new session takes the place of this one.
 * @throws {FactorRequiredError} when a second factor is missing
 * @throws {ProviderRefusedError} when the user of the session is somebody else there, or did not sign in there just now
 * @throws {ProviderUnavailableError} {@link AccessDeniedError}
 */
export async function stepUpByProvider(
  deps: ProviderStepUpDeps,
  {
    returned,
    userId,
    sessionId,
    jkt,
    device,
    origin
  }: {
    returned: Return
    userId: string
    sessionId: string
    jkt: string | undefined
    device: Device | undefined
    origin: ClientInfo
  }
): Promise<SignInResponse> {
  const { provider, arrival, transaction } = await receive(deps, returned, 'step_up')
  const { within } = transaction
  if (within?.userId !== userId || within.sessionId !== sessionId) throw new ProviderRefusedError('invalid_transaction')
  const refuse = async (code: 'other_identity' | 'sign_in_not_recent') => {
    await deps.users.recordFailedReauthentication({ userId, sessionId, origin })
    return new ProviderRefusedError(code)
  }
  if ((await deps.identities.ownerOf(arrival)) !== userId) throw await refuse('other_identity')
  const authenticatedAt = authenticatedAtOf(arrival)
  if (authenticatedAt.getTime() < Date.now() - deps.recentSignInSeconds * 1000) throw await refuse('sign_in_not_recent')
  const user = await deps.users.findCredentialsById(userId)
  if (!user || user.isDisabled || user.credentialsState !== within.credentialsState) throw sessionEnded()
  const grant = await deps.sessions.grantOf({ familyId: sessionId, userId })
  if (!grant) throw sessionEnded()
  return completeSignIn(deps, {
    user,
    methods: methodsOf(provider, arrival),
    device,
    grant,
    jkt,
    replacedSessionId: sessionId,
    authenticatedAt,
    origin
  })
}

/** RFC 8176: more than one factor was used there. It counts for a provider that is trusted to say so. */
function methodsOf({ trustsAmr }: Provider, { amr }: Arrival): SignInMethod[] {
  return trustsAmr && amr.includes('mfa') ? ['provider', 'provider_mfa'] : ['provider']
}

/**
 * Links the identity of a user who has come back from a provider, within the session that began it.
 * @throws {ProviderRefusedError} {@link ProviderUnavailableError} {@link AccessDeniedError}
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
  const { within } = transaction
  if (within?.userId !== userId || within.sessionId !== sessionId) throw new ProviderRefusedError('invalid_transaction')
  const result = await deps.identities.link({ provider, arrival, ...within, ...cause })
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
  purpose: ProviderPurpose
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
