import { InvalidCredentialsError, type TokenResponse } from '@countersign/oauth'
import type { UserCredentials } from '../accounts/user-store.ts'
import type { ClientInfo } from '../client-info.ts'
import type { Authentication, SessionGrant } from '../sessions/refresh-token-families.ts'
import { sessionEnded } from '../sessions/session-ended.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { createTokenResponse, type TokenResponseDeps } from '../sessions/token-response.ts'
import { noScopeLeft, type RequestedGrant, unknownApi } from '../tokens/requested-grant.ts'
import type { Device, DeviceTokenCodec } from './device-tokens.ts'
import { networkOf } from './networks.ts'

/** The scope and audience of a sign-in at this service itself. */
export interface FirstPartyGrant {
  readonly clientId: string
  /** What its tokens are for when a sign-in names no resource. */
  readonly audience: readonly string[]
}

export interface CompletionDeps extends TokenResponseDeps {
  sessions: Sessions
  devices: DeviceTokenCodec
  firstParty: FirstPartyGrant
}

/** The tokens of a session, and the device token for the next sign-in. */
export interface SignInResponse extends TokenResponse {
  device_token: string
}

/** How a user was authenticated, as RFC 8176 names it. */
export type SignInMethod = 'pwd' | 'provider'

export interface AuthenticatedUser {
  /** As they were when the methods were verified: if a credential has changed since, no session starts. */
  readonly user: Pick<UserCredentials, 'id' | 'credentialsState'>
  readonly methods: readonly SignInMethod[]
  readonly device: Device | undefined
  readonly grant: SessionGrant
  /** Both tokens are bound to the key of this thumbprint (RFC 9449 §5). */
  readonly jkt: string | undefined
  /** The session that the new one takes the place of. */
  readonly replacedSessionId?: string
  readonly origin: ClientInfo
}

/** What the tokens of a sign-in at this service are for. */
export function firstPartyGrant(
  { firstParty: { clientId, audience } }: Pick<CompletionDeps, 'firstParty'>,
  { resource, scopes }: RequestedGrant
): SessionGrant {
  return { clientId, audience: resource === undefined ? audience : [resource], scopes }
}

/**
 * Starts the session of a user. Every way to sign in ends here, so that one place decides what is enough.
 * @throws {InvalidCredentialsError} when the user has changed since
 * @throws {AccessDeniedError} when the session to be replaced has ended
 * @throws {InvalidScopeError} {@link InvalidTargetError} when there is nothing that the tokens could be for
 */
export async function completeSignIn(
  deps: CompletionDeps,
  { user, methods, device, grant, jkt, replacedSessionId, origin }: AuthenticatedUser
): Promise<SignInResponse> {
  const started = await deps.sessions.start({
    ...grant,
    userId: user.id,
    credentialsState: user.credentialsState,
    authentication: authenticationBy(methods),
    network: networkOf(origin.address),
    jkt,
    replacedSessionId,
    origin
  })
  switch (started.outcome) {
    case 'user_changed':
      throw new InvalidCredentialsError({ detail: 'the user changed during the sign-in' })
    case 'session_ended':
      throw sessionEnded()
    case 'exceeds_scope':
      throw noScopeLeft()
    case 'exceeds_audience':
      throw unknownApi()
  }
  const tokens = await createTokenResponse(deps, started.session, jkt)
  return { ...tokens, device_token: deps.devices.issue(user.id, device) }
}

/** One way is one factor. */
function authenticationBy(methods: readonly SignInMethod[]): Authentication {
  return { acr: 'urn:countersign:acr:1', amr: methods.map((method) => (method === 'provider' ? 'fed' : method)) }
}
