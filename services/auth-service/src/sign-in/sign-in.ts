import { InvalidCredentialsError } from '@countersign/oauth'
import { readSignInName, type SignInName } from '../accounts/sign-in-name.ts'
import type { UserCredentials, UserStore } from '../accounts/user-store.ts'
import type { ClientInfo } from '../client-info.ts'
import type { FlowPair } from '../passwords/flows.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { RequestedGrant } from '../tokens/requested-grant.ts'
import { flowOfAttempt } from './attempt-flow.ts'
import { type CompletionDeps, completeSignIn, firstPartyGrant, type SignInResponse } from './complete-sign-in.ts'
import type { SignInLimits } from './sign-in-limits.ts'

export interface SignInDeps extends CompletionDeps {
  users: UserStore
  passwords: PasswordHashing
  limits: SignInLimits
}

export interface SignInRequest {
  /** Or a verified e-mail address. */
  readonly username: string
  readonly password: string
  /** The device token of an earlier sign-in; an expired or foreign one is ignored. */
  readonly deviceToken?: string | undefined
  /** The token of a device on which the second factor is not to be asked for. */
  readonly trustedDevice?: string | undefined
  /** The API that the tokens are for, and the scopes of it that are asked for. */
  readonly grant: RequestedGrant
  /** Both tokens are bound to it (RFC 9449 §5). */
  readonly dpopKey?: DpopKey | undefined
  readonly origin: ClientInfo
}

/**
 * Verifies a username, or a verified e-mail address, and a password, and starts a session.
 * @throws {InvalidCredentialsError} the same for every wrong pair, disabled users included
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
  await refreshHash(deps, user, request.password, flowOfAttempt(usernameKey, request.origin.address))
  return completeSignIn(deps, {
    user,
    methods: ['pwd'],
    device,
    trustedDevice: request.trustedDevice,
    grant: firstPartyGrant(deps, request.grant),
    jkt: request.dpopKey?.jkt,
    origin: request.origin
  })
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
export async function refreshHash(
  { users, passwords }: Pick<SignInDeps, 'users' | 'passwords'>,
  user: UserCredentials,
  password: string,
  flow: FlowPair
): Promise<void> {
  if (!passwords.isOutdated(user.passwordHash)) return
  await users.rehash(user.id, user.passwordHash, await passwords.hash(password, flow))
}
