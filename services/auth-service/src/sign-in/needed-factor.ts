import type { SecondFactor } from '../accounts/user-store.ts'
import type { Authentication } from '../sessions/refresh-token-families.ts'

/** Who has to have a second factor. */
export const secondFactorPolicies = ['optional', 'required', 'required-for-admins'] as const
export type SecondFactorPolicy = (typeof secondFactorPolicies)[number]

/** What a user has shown. A passkey is one that has verified its user. */
export const signInMethods = ['pwd', 'mail', 'provider', 'provider_mfa', 'totp', 'recovery_code', 'passkey'] as const
export type SignInMethod = (typeof signInMethods)[number]

/** What a sign-in still needs: a factor that the user has, or that the user sets one up. */
export type NeededFactor = 'nothing' | 'second_factor' | 'enrolment'

export interface SignInState {
  readonly secondFactors: readonly SecondFactor[]
  readonly isAdmin: boolean
  readonly methods: readonly SignInMethod[]
  readonly policy: SecondFactorPolicy
}

/** Each of them is a second factor beside any other method; a passkey is both factors in one. */
const showsSecondFactor = (method: SignInMethod) =>
  method === 'totp' || method === 'recovery_code' || method === 'passkey' || method === 'provider_mfa'

/** Decides what a sign-in still needs, whichever way the user came. */
export function neededFactor({ secondFactors, isAdmin, methods, policy }: SignInState): NeededFactor {
  if (methods.some(showsSecondFactor)) return 'nothing'
  if (secondFactors.length > 0) return 'second_factor'
  return mustHaveSecondFactor(policy, isAdmin) ? 'enrolment' : 'nothing'
}

export function mustHaveSecondFactor(policy: SecondFactorPolicy, isAdmin: boolean): boolean {
  return policy === 'required' || (policy === 'required-for-admins' && isAdmin)
}

/** The names of RFC 8176, which has none for a provider, and of codes that are sent only SMS. */
const names: Record<SignInMethod, readonly string[]> = {
  pwd: ['pwd'],
  mail: ['otp'],
  provider: ['fed'],
  provider_mfa: [],
  totp: ['otp'],
  recovery_code: ['otp'],
  passkey: ['pop', 'user']
}

/** How tokens say what was shown (RFC 9068 §2.2.1). */
export function authenticationBy(methods: readonly SignInMethod[]): Authentication {
  const amr = [...new Set(methods.flatMap((method) => names[method]))]
  return methods.some(showsSecondFactor)
    ? { acr: 'urn:countersign:acr:2', amr: [...amr, 'mfa'] }
    : { acr: 'urn:countersign:acr:1', amr }
}
