import { InvalidCredentialsError, NotFoundError, UnknownPasskeyError } from '@countersign/oauth'
import type { ChallengePurpose } from '../../accounts/passkey-store.ts'
import type { UserCredentials, UserStore } from '../../accounts/user-store.ts'
import type { ClientInfo } from '../../client-info.ts'
import type { IssuerMetrics } from '../../metrics.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { type CompletionDeps, completeSignIn, firstPartyGrant } from '../../sign-in/complete-sign-in.ts'
import type { PresentedAssertion } from '../../sign-in/passkey-ceremonies.ts'
import { askForPasskey, type PasskeyDeps, provePasskey } from '../../sign-in/passkeys.ts'
import { charge, chargeAddress, tryPasskey } from '../../sign-in/request-limits.ts'
import { flowHashOf, type SignInFlows } from '../../sign-in/sign-in-flows.ts'
import { readGrant } from '../../tokens/requested-grant.ts'
import { signInResponse } from '../../wire/account.ts'
import { passkeyLoginBody, passkeyOptionsBody, passkeyStepUpBody, requestOptions } from '../../wire/passkeys.ts'
import { requirePasskeys } from './passkeys.ts'

export interface PasskeySignInDeps extends PasskeyDeps, CompletionDeps {
  users: Pick<UserStore, 'findCredentialsById' | 'recordFailedSignIn' | 'recordFailedReauthentication'>
  counters: AttemptCounters
  /** Wrong passkeys have the limit of wrong passwords, and are counted apart. */
  signInFailuresPerAddress: number
  signInLimitWindowSeconds: number
}

/** Per address and hour. Each visit to the sign-in page requests them once. */
const optionsPerAddress = 2000
/** Per account and hour. */
const optionsPerAccount = 200

/** `POST /auth/login/passkey/options` */
export const beginPasskeySignIn = defineRoute(
  {
    method: 'post',
    path: '/auth/login/passkey/options',
    summary: 'Options for `navigator.credentials.get()`; valid once, for 10 minutes',
    access: 'public',
    body: passkeyOptionsBody,
    bodyFormat: 'optional-json',
    response: { status: 200, schema: requestOptions },
    errors: [404, 429]
  },
  ({ counters, flows, ...deps }: PasskeyDeps & { counters: AttemptCounters; flows: Pick<SignInFlows, 'find'> }) =>
    async ({ body: { flow }, origin: { address } }) => {
      const party = requirePasskeys(deps)
      await chargeAddress(counters, { name: 'passkey_options', address, limit: optionsPerAddress })
      if (flow === undefined) return { options: { ...(await askForPasskey(party, { kind: 'sign_in' })) } }
      const flowHash = flowHashOf(flow)
      const user = (await flows.find(flowHash))?.user
      const options = user && (await askForPasskey(party, { kind: 'second_factor', userId: user.id, flowHash }))
      if (!options) throw new NotFoundError({ description: 'This sign-in cannot continue with a passkey.' })
      return { options: { ...options } }
    }
)

/** `POST /auth/login/passkey`: the passkey says who signs in. */
export const passkeySignIn = defineRoute(
  {
    method: 'post',
    path: '/auth/login/passkey',
    summary: 'Sign in with a passkey: start a session',
    access: 'public',
    body: passkeyLoginBody,
    takesProof: true,
    response: { status: 200, schema: signInResponse },
    errors: [401, 404, 429]
  },
  (deps: PasskeySignInDeps & { metrics: IssuerMetrics }) =>
    async ({ body, dpopKey, origin }) => {
      const grant = readGrant(body)
      const user = await requirePasskey(deps, body.credential, { kind: 'sign_in' }, origin, (userId) =>
        deps.users.recordFailedSignIn(userId, origin)
      )
      await dpopKey?.markUsed()
      return completeSignIn(deps, {
        user,
        methods: ['passkey'],
        device: body.device_token === undefined ? undefined : deps.devices.read(body.device_token),
        grant: firstPartyGrant(deps, grant),
        jkt: dpopKey?.jkt,
        origin
      })
    },
  ({ metrics }) =>
    (_body, code) =>
      metrics.countSignIn(code ?? 'succeeded')
)

/** `POST /auth/step-up/passkey/options` */
export const beginPasskeyStepUp = defineRoute(
  {
    method: 'post',
    path: '/auth/step-up/passkey/options',
    summary: 'Options for `navigator.credentials.get()` to sign in again within a session',
    access: 'user-in-person',
    response: { status: 200, schema: requestOptions },
    errors: [404, 429]
  },
  ({ counters, ...deps }: PasskeyDeps & { counters: AttemptCounters }) =>
    async ({ accessToken: { sub: userId, sid: sessionId } }) => {
      const party = requirePasskeys(deps)
      await charge(counters, [{ name: 'passkey_step_up', key: userId, limit: optionsPerAccount, windowSeconds: 3600 }])
      const options = await askForPasskey(party, { kind: 'step_up', userId, sessionId })
      if (!options) throw new NotFoundError({ description: 'You have no passkey.' })
      return { options: { ...options } }
    }
)

/** `POST /auth/step-up/passkey`: as `POST /auth/step-up`, with a passkey in the place of the password. */
export const passkeyStepUp = defineRoute(
  {
    method: 'post',
    path: '/auth/step-up/passkey',
    summary: 'Sign in again within a session, with a passkey; a new session replaces it',
    access: 'user-in-person',
    body: passkeyStepUpBody,
    response: { status: 200, schema: signInResponse },
    errors: [401, 404, 429]
  },
  (deps: PasskeySignInDeps) =>
    async ({ body, accessToken: { sub: userId, sid: sessionId, cnf }, origin }) => {
      const purpose = { kind: 'step_up', userId, sessionId } as const
      const user = await requirePasskey(deps, body.credential, purpose, origin, () =>
        deps.users.recordFailedReauthentication({ userId, sessionId, origin })
      )
      const grant = await deps.sessions.grantOf({ familyId: sessionId, userId })
      if (!grant) throw sessionEnded()
      return completeSignIn(deps, {
        user,
        methods: ['passkey'],
        device: body.device_token === undefined ? undefined : deps.devices.read(body.device_token),
        grant,
        jkt: cnf?.jkt,
        replacedSessionId: sessionId,
        origin
      })
    }
)

/**
 * Verifies an assertion, within the limits of its address. Whatever is wrong with it, and for a disabled user, the response is the same.
 * @throws {InvalidCredentialsError}
 * @throws {UnknownPasskeyError} so that the browser can stop offering it
 */
async function requirePasskey(
  deps: PasskeySignInDeps,
  assertion: PresentedAssertion,
  purpose: ChallengePurpose,
  origin: ClientInfo,
  recordFailure: (userId: string | undefined) => Promise<void>
): Promise<UserCredentials> {
  const party = requirePasskeys(deps)
  let isUnknown = false
  const user = await tryPasskey(deps, origin.address, async () => {
    const proof = await provePasskey(party, { assertion, purpose, origin }, deps.users.findCredentialsById)
    if (proof.outcome === 'proven' && !proof.user.isDisabled) return proof.user
    isUnknown = proof.outcome === 'unknown'
    await recordFailure(
      proof.outcome === 'proven' ? proof.user.id : proof.outcome === 'wrong' ? proof.userId : undefined
    )
    return undefined
  })
  if (user) return user
  if (isUnknown) throw new UnknownPasskeyError()
  throw new InvalidCredentialsError({ description: 'This passkey could not be verified. Try again.' })
}
