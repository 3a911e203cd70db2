import {
  InvalidCredentialsError,
  InvalidRequestError,
  NotFoundError,
  TemporarilyUnavailableError
} from '@countersign/oauth'
import type { ClientInfo } from '../client-info.ts'
import type { Sealing } from '../keys/sealing.ts'
import type { Language } from '../mail/mail.ts'
import type { DpopKey } from '../tokens/dpop-key.ts'
import type { AttemptCounters } from './attempt-counters.ts'
import { type CompletionDeps, completeSignIn, type SignInResponse } from './complete-sign-in.ts'
import { guessFactor } from './factor-guesses.ts'
import type { SignInMethod } from './needed-factor.ts'
import type { PresentedAssertion } from './passkey-ceremonies.ts'
import { type PasskeyDeps, provePasskey } from './passkeys.ts'
import { hashOfRecoveryCode, newRecoveryCodes } from './recovery-codes.ts'
import { type FailureLimit, tryPasskey } from './request-limits.ts'
import type { SecondFactors } from './second-factors.ts'
import { type FlowUser, flowHashOf, type SignInFlow } from './sign-in-flows.ts'
import { newSeed, setUpOf, stepOfCode, type TotpSetUp } from './totp.ts'
import { newTrustedDevice } from './trusted-devices.ts'

export interface ContinuationDeps extends CompletionDeps, PasskeyDeps, FailureLimit {
  factors: Omit<SecondFactors, 'reset'>
  totpSealing: Sealing
  counters: AttemptCounters
  productName: string
}

/** A step of a sign-in that is under way. */
export interface NextStep {
  /** The id of the flow. */
  readonly flow: string
  readonly dpopKey: DpopKey | undefined
  readonly trustDevice: boolean
  readonly deviceToken: string | undefined
  readonly language: Language
  readonly origin: ClientInfo
}

/** A second factor as it is shown. */
export type ShownFactor =
  | { readonly method: 'totp'; readonly code: string }
  | { readonly method: 'recovery_code'; readonly code: string }
  | { readonly method: 'passkey'; readonly assertion: PresentedAssertion }

/**
 * Completes a sign-in with a second factor.
 * @throws {NotFoundError} when the sign-in has to begin again
 * @throws {InvalidCredentialsError} for a wrong or used code
 * @throws {TooManyRequestsError} when the account has used up its tries
 */
export async function continueSignIn(
  deps: ContinuationDeps,
  step: NextStep,
  factor: ShownFactor
): Promise<SignInResponse> {
  const flow = await openFlow(deps, step)
  if (flow.isEnrolment) throw invalidFactor()
  const tryFactor = async (): Promise<true | undefined> => {
    if (await uses(deps, flow, step, factor)) return true
    await deps.factors.recordFailure(flow.user.id, step.origin)
    return undefined
  }
  // A signature cannot be guessed: who has a passkey gets in while others guess codes.
  const used = await (factor.method === 'passkey'
    ? tryPasskey(deps, step.origin.address, tryFactor)
    : guessFactor(deps.counters, flow.user.id, tryFactor))
  if (!used) throw invalidFactor()
  return finishFlow(deps, flow, step, { method: factor.method, user: flow.user })
}

async function uses(
  { factors, totpSealing, passkeys, relyingParty }: ContinuationDeps,
  { user, hash: flowHash }: SignInFlow,
  { language, origin }: NextStep,
  factor: ShownFactor
): Promise<boolean> {
  const userId = user.id
  if (factor.method === 'passkey') {
    if (!relyingParty) return false
    const purpose = { kind: 'second_factor', userId, flowHash } as const
    const shown = { assertion: factor.assertion, purpose, origin }
    return (await provePasskey({ passkeys, relyingParty }, shown, async () => user)).outcome === 'proven'
  }
  const { method, code } = factor
  if (method === 'recovery_code') {
    return factors.useRecoveryCode({ userId, flowHash, codeHash: hashOfRecoveryCode(code), language, origin })
  }
  const sealed = await factors.sealedSeedOf(userId)
  if (!sealed) return false
  const step = stepOfCode(openSeed(totpSealing, userId, sealed), code)
  return step !== undefined && factors.useTotp({ userId, flowHash, step })
}

/**
 * Begins to set up the first second factor, within a sign-in that needs one.
 * @throws {InvalidRequestError} when the mailbox of the user has to be proven first
 */
export async function beginEnrolment(deps: ContinuationDeps, flow: SignInFlow): Promise<TotpSetUp> {
  const { flows, totpSealing, accountMail, productName } = deps
  if (!flow.isEnrolment) throw flowEnded()
  if (accountMail && flow.hasMailbox && !flow.hasProvenMailbox) {
    throw new InvalidRequestError({
      description: 'The first second factor needs a code from a mail: ask for it, and send it as code.',
      issues: [{ path: 'code', message: 'must be the code of the mail' }]
    })
  }
  const seed = newSeed()
  if (!(await flows.putTotpSeed(flow.hash, totpSealing.seal(flow.user.id, seed)))) throw flowEnded()
  return setUpOf(seed, { product: productName, username: flow.username })
}

/** Adds the code generator that the flow has set up, and completes the sign-in. */
export async function confirmEnrolment(
  deps: ContinuationDeps,
  step: NextStep,
  code: string
): Promise<SignInResponse & { recovery_codes: string[] }> {
  const flow = await openFlow(deps, step)
  const { sealedTotpSeed } = flow
  if (!flow.isEnrolment || !sealedTotpSeed) throw flowEnded()
  const totpStep = stepOfCode(openSeed(deps.totpSealing, flow.user.id, sealedTotpSeed), code)
  if (totpStep === undefined) throw wrongSetUpCode()
  const { codes, hashes } = newRecoveryCodes()
  const credentialsState = await deps.factors.enrolInFlow({
    flowHash: flow.hash,
    sealedSeed: Uint8Array.from(sealedTotpSeed),
    step: totpStep,
    recoveryHashes: hashes,
    language: step.language,
    origin: step.origin
  })
  if (credentialsState === undefined) throw flowEnded()
  const user: FlowUser = { ...flow.user, credentialsState, secondFactors: ['totp'] }
  return { ...(await finishFlow(deps, flow, step, { method: 'totp', user })), recovery_codes: codes }
}

/**
 * The flow of a step, if it is still open, and the client has the key that it began with.
 * @throws {NotFoundError}
 */
export async function openFlow(
  { flows }: Pick<ContinuationDeps, 'flows'>,
  { flow: id, dpopKey }: Pick<NextStep, 'flow' | 'dpopKey'>
): Promise<SignInFlow> {
  const flow = await flows.find(flowHashOf(id))
  if (!flow || flow.jkt !== dpopKey?.jkt) throw flowEnded()
  await dpopKey?.markUsed()
  return flow
}

/** The use of the factor has already ended the flow. */
async function finishFlow(
  deps: ContinuationDeps,
  flow: SignInFlow,
  { trustDevice, deviceToken, origin }: NextStep,
  { method, user }: { method: SignInMethod; user: FlowUser }
): Promise<SignInResponse> {
  const response = await completeSignIn(deps, {
    user,
    methods: [...flow.methods, method],
    device: deviceToken === undefined ? undefined : deps.devices.read(deviceToken),
    grant: flow.grant,
    jkt: flow.jkt,
    replacedSessionId: flow.replacedSessionId,
    origin
  })
  if (!trustDevice || flow.replacedSessionId !== undefined) return response
  const { token, tokenHash } = newTrustedDevice()
  await deps.trustedDevices.add({ userId: user.id, credentialsState: user.credentialsState, tokenHash, origin })
  return { ...response, trusted_device: token }
}

/** @throws {TemporarilyUnavailableError} where the master key that has sealed it is missing; other factors go on */
export function openSeed(sealing: Sealing, userId: string, sealed: Uint8Array): Buffer {
  const seed = sealing.open(userId, sealed)
  if (!seed) throw new TemporarilyUnavailableError({ detail: 'no master key opens the seed of this code generator' })
  return seed
}

/** For every reason the same. */
export function flowEnded(): NotFoundError {
  return new NotFoundError({ description: 'This sign-in has ended. Sign in again.' })
}

function invalidFactor(): InvalidCredentialsError {
  return new InvalidCredentialsError({ description: 'The code is wrong, or was used before.' })
}

export function wrongSetUpCode(): InvalidRequestError {
  const message = 'is not the code that this authenticator app shows now'
  return new InvalidRequestError({ description: `The code ${message}.`, issues: [{ path: 'totp', message }] })
}
