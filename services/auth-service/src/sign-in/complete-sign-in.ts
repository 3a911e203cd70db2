import { FactorRequiredError, InvalidCredentialsError, type TokenResponse } from '@countersign/oauth'
import type { ClientInfo } from '../client-info.ts'
import type { SessionGrant } from '../sessions/refresh-token-families.ts'
import { sessionEnded } from '../sessions/session-ended.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { createTokenResponse, type TokenResponseDeps } from '../sessions/token-response.ts'
import { noScopeLeft, type RequestedGrant, unknownApi } from '../tokens/requested-grant.ts'
import type { Device, DeviceTokenCodec } from './device-tokens.ts'
import { authenticationBy, neededFactor, type SecondFactorPolicy, type SignInMethod } from './needed-factor.ts'
import { networkOf } from './networks.ts'
import { type FlowUser, flowSeconds, newFlowId, type SignInFlows } from './sign-in-flows.ts'
import { type TrustedDevices, trustedDeviceHash } from './trusted-devices.ts'

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
  flows: SignInFlows
  trustedDevices: TrustedDevices
  secondFactor: SecondFactorPolicy
  /** Absent where no mail is sent. */
  accountMail: object | undefined
}

/** The tokens of a session, and the device token for the next sign-in. */
export interface SignInResponse extends TokenResponse {
  device_token: string
  /** The token of a device on which the second factor is not asked for. */
  trusted_device?: string
}

export interface AuthenticatedUser {
  /** The state of the user when the methods were verified: if a credential has changed since, no session starts. */
  readonly user: FlowUser
  readonly methods: readonly SignInMethod[]
  readonly device: Device | undefined
  /** The token of a device on which the second factor is not to be asked for. */
  readonly trustedDevice?: string | undefined
  readonly grant: SessionGrant
  /** Both tokens are bound to the key of this thumbprint (RFC 9449 §5). */
  readonly jkt: string | undefined
  /** The session that the new one takes the place of. */
  readonly replacedSessionId?: string | undefined
  /** When the user showed who they are, if that was not just now. */
  readonly authenticatedAt?: Date | undefined
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
 * Starts the session of a user, or says what is missing. Every way to sign in ends here, so that one place decides what is enough.
 * @throws {FactorRequiredError} when a second factor is missing; its flow leads on
 * @throws {InvalidCredentialsError} when the user has changed since
 * @throws {AccessDeniedError} when the session to be replaced has ended
 * @throws {InvalidScopeError} {@link InvalidTargetError} when there is nothing that the tokens could be for
 */
export async function completeSignIn(deps: CompletionDeps, signIn: AuthenticatedUser): Promise<SignInResponse> {
  const { user, methods, device, grant, jkt, replacedSessionId, origin } = signIn
  const needed = neededFactor({ ...user, methods, policy: deps.secondFactor })
  const trustedDeviceId = needed === 'second_factor' ? await trustedDeviceOf(deps, signIn) : undefined
  if (needed !== 'nothing' && trustedDeviceId === undefined) throw await beginFlow(deps, signIn, needed)
  const started = await deps.sessions.start({
    ...grant,
    userId: user.id,
    credentialsState: user.credentialsState,
    authentication: { ...authenticationBy(methods), at: signIn.authenticatedAt },
    trustedDeviceId,
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

/** Only for a sign-in: to sign in again within a session, the factor itself is needed. */
async function trustedDeviceOf(
  { trustedDevices }: CompletionDeps,
  { user, trustedDevice, replacedSessionId }: AuthenticatedUser
): Promise<string | undefined> {
  if (trustedDevice === undefined || replacedSessionId !== undefined) return undefined
  return trustedDevices.use({ userId: user.id, tokenHash: trustedDeviceHash(trustedDevice) })
}

async function beginFlow(
  { flows, accountMail }: CompletionDeps,
  { user, methods, grant, jkt, replacedSessionId }: AuthenticatedUser,
  needed: 'second_factor' | 'enrolment'
): Promise<FactorRequiredError> {
  const { id, hash } = newFlowId()
  const isEnrolment = needed === 'enrolment'
  await flows.begin(hash, { user, methods, grant, jkt, replacedSessionId, isEnrolment })
  const flow = isEnrolment && accountMail ? await flows.find(hash) : undefined
  return new FactorRequiredError({
    description: isEnrolment
      ? 'This account needs a second factor, and has none: set one up to continue.'
      : 'This sign-in needs a second factor.',
    members: factorRequiredMembers({
      flow: id,
      user,
      isEnrolment,
      needsMailCode: flow?.hasMailbox === true && !flow.hasProvenMailbox
    })
  })
}

/** The next steps of the sign-in, for the client. */
function factorRequiredMembers({
  flow,
  user: { secondFactors },
  isEnrolment,
  needsMailCode
}: {
  flow: string
  user: FlowUser
  isEnrolment: boolean
  needsMailCode: boolean
}) {
  return {
    flow,
    expires_in: flowSeconds,
    factors: isEnrolment ? [] : [...secondFactors, 'recovery_code'],
    enrolment: isEnrolment ? (needsMailCode ? 'mail_code' : 'open') : null
  }
}
