import { InvalidCredentialsError, type TokenResponse } from '@countersign/oauth'
import { readSignInName, type SignInName } from '../accounts/sign-in-name.ts'
import type { UserCredentials, UserStore } from '../accounts/user-store.ts'
import type { ClientInfo } from '../client-info.ts'
import type { FlowPair } from '../passwords/flows.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { createTokenResponse, type TokenResponseDeps } from '../sessions/token-response.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import { noScopeLeft, unknownApi } from '../tokens/requested-grant.ts'
import { flowOfAttempt } from './attempt-flow.ts'
import type { DeviceTokenCodec } from './device-tokens.ts'
import { networkOf } from './networks.ts'
import type { SignInLimits } from './sign-in-limits.ts'

/** The scope and audience of a sign-in at this service itself. */
export interface FirstPartyGrant {
  readonly clientId: string
  /** What its tokens are for when a sign-in names no resource. */
  readonly audience: readonly string[]
}

export interface SignInDeps extends TokenResponseDeps {
  users: UserStore
  passwords: PasswordHashing
  limits: SignInLimits
  sessions: Sessions
  devices: DeviceTokenCodec
  firstParty: FirstPartyGrant
}

/** The tokens of a session, and the device token for the next sign-in. */
export interface SignInResponse extends TokenResponse {
  device_token: string
}

export interface SignInRequest {
  /** Or a verified e-mail address. */
  readonly username: string
  readonly password: string
  /** The device token of an earlier sign-in; an expired or foreign one is ignored. */
  readonly deviceToken?: string | undefined
  /** The API that the tokens are for, and the scopes of it that are asked for. */
  readonly resource?: string | undefined
  readonly scopes?: readonly string[] | undefined
  /** Both tokens are bound to it (RFC 9449 §5). */
  readonly dpopKey?: DpopKey | undefined
  readonly origin: ClientInfo
}

/**
 * Verifies a username, or a verified e-mail address, and a password, and starts a session.
 * @throws {InvalidCredentialsError} the one answer for every wrong pair, disabled users included
 * @throws {InvalidScopeError} {@link InvalidTargetError} when there is nothing that the tokens could be for
 * @throws {TooManyRequestsError} when a sign-in limit is reached
 * @throws {TemporarilyUnavailableError} when too many sign-ins are running
 */
export async function signIn(deps: SignInDeps, request: SignInRequest): Promise<SignInResponse> {
  const name = readSignInName(request.username)
  // Attempts are counted by what was given, since it is not known yet whether there is such a user.
  const usernameKey = name.usernameKey ?? name.emailKey ?? ''
  const device = request.deviceToken === undefined ? undefined : deps.devices.read(request.deviceToken)
  const guess = { usernameKey, emailKey: name.emailKey, address: request.origin.address, device }
  const user = await deps.limits.verify(guess, () => verifyCredentials(deps, name, usernameKey, request))
  if (!user) throw new InvalidCredentialsError()
  await request.dpopKey?.markUsed()
  const started = await deps.sessions.start({
    clientId: deps.firstParty.clientId,
    audience: request.resource === undefined ? deps.firstParty.audience : [request.resource],
    scopes: request.scopes,
    userId: user.id,
    verifiedPasswordHash: await upToDateHash(
      deps,
      user,
      request.password,
      flowOfAttempt(usernameKey, request.origin.address)
    ),
    network: networkOf(request.origin.address),
    jkt: request.dpopKey?.jkt,
    origin: request.origin
  })
  switch (started.outcome) {
    case 'user_changed':
      throw new InvalidCredentialsError({ detail: 'the user changed during the sign-in' })
    case 'exceeds_scope':
      throw noScopeLeft()
    case 'exceeds_audience':
      throw unknownApi()
  }
  const tokens = await createTokenResponse(deps, started.session, request.dpopKey?.jkt)
  return { ...tokens, device_token: deps.devices.issue(user.id, device) }
}

/** Does the same work for every wrong pair, so that neither the response nor the time reveals whether the user exists. */
async function verifyCredentials(
  { users, passwords }: SignInDeps,
  name: SignInName,
  usernameKey: string,
  { password, origin }: SignInRequest
): Promise<UserCredentials | undefined> {
  const user = await users.findCredentials(name)
  const matches = await passwords.verify(user?.passwordHash, password, flowOfAttempt(usernameKey, origin.address))
  if (user && matches && !user.isDisabled) return user
  await users.recordFailedSignIn(user?.id, origin)
  return undefined
}

/** Only now the password is known to be correct: rehash it with today's parameters if needed. */
async function upToDateHash(
  { users, passwords }: SignInDeps,
  user: UserCredentials,
  password: string,
  flow: FlowPair
): Promise<string> {
  if (!passwords.isOutdated(user.passwordHash)) return user.passwordHash
  const newHash = await passwords.hash(password, flow)
  if (await users.rehash(user.id, user.passwordHash, newHash)) return newHash
  // Another request was faster: a sign-in with this password, or a change to a new one.
  const current = await users.findCredentialsById(user.id)
  return (await passwords.verify(current?.passwordHash, password, flow)) && current
    ? current.passwordHash
    : user.passwordHash
}
