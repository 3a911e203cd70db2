import type { Client } from '../clients/client.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { Verdict } from './authorization-requests.ts'

export type Step = 'complete' | 'consent' | 'choose_account'

/** What a claimed request still needs of its user. */
export function nextStep(request: AuthorizationRequest, { isFirstParty }: Pick<Client, 'isFirstParty'>): Step {
  // Users are not asked for what cannot come of it.
  if (findFault(request)) return 'complete'
  const isAllowed = request.decision === 'allow'
  if (!isFirstParty && !request.isConsented) return 'consent'
  if (isAllowed) return 'complete'
  // Any program on the device can be behind a loopback URI or a scheme of its own, whatever was allowed before (RFC 8252 §8.6).
  const mayBeAnyProgram = !request.redirectUri.startsWith('https:')
  if (request.prompt.includes('consent') || (mayBeAnyProgram && !isFirstParty)) return 'consent'
  return mayBeAnyProgram || request.prompt.includes('select_account') ? 'choose_account' : 'complete'
}

const errors = {
  access_denied: 'The user did not allow this.',
  login_required: 'The user has to sign in.',
  consent_required: 'The user has to be asked for consent.',
  unmet_authentication_requirements: 'The user has not signed in as strongly as acr_values requires.',
  invalid_scope: 'None of the scopes is held by a role of this user at this API.'
} as const

/** What becomes of a request when its browser comes to the end. */
export function verdictOn(
  request: AuthorizationRequest,
  client: Pick<Client, 'isFirstParty'>,
  { hasTicket, isCancelled }: { hasTicket: boolean; isCancelled: boolean }
): Verdict {
  const isSilent = request.prompt.includes('none')
  const { claim } = request
  if (isCancelled || request.decision === 'deny') return failed('access_denied')
  if (!claim || !hasTicket) return isSilent ? failed('login_required') : { kind: 'undecided' }
  const fault = findFault(request)
  if (fault) return failed(fault)
  if (nextStep(request, client) === 'complete') return { kind: 'code' }
  return isSilent ? failed('consent_required') : { kind: 'undecided' }
}

/** Why this request gets no code for the user who has claimed it, whatever the user says. */
export function findFault({
  claim,
  hintedUserId,
  acrValues,
  scopes
}: AuthorizationRequest): keyof typeof errors | undefined {
  if (!claim) return undefined
  if (hintedUserId !== undefined && hintedUserId !== claim.userId) return 'login_required'
  if (!isStrongEnough(acrValues, claim.acr)) return 'unmet_authentication_requirements'
  return scopes.length > 0 && claim.grantedScopes.length === 0 ? 'invalid_scope' : undefined
}

function failed(error: keyof typeof errors): Verdict {
  return { kind: 'error', error, description: errors[error] }
}

/** The higher level satisfies whatever the lower one does. Values that are not known here ask for nothing. */
export function isStrongEnough(acrValues: readonly string[], acr: string): boolean {
  return neededLevel(acrValues) === undefined || acr === bothFactors
}

/** The level that all known values need: `undefined` if one factor is enough. */
export function neededLevel(acrValues: readonly string[]): string | undefined {
  const known = acrValues.filter((value) => value === oneFactor || value === bothFactors)
  return known.length > 0 && !known.includes(oneFactor) ? bothFactors : undefined
}

const oneFactor = 'urn:countersign:acr:1'
const bothFactors = 'urn:countersign:acr:2'
