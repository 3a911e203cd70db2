import { describe, expect, test } from 'vitest'
import type { SecondFactor } from '../../../src/accounts/user-store.ts'
import {
  authenticationBy,
  neededFactor,
  type SignInMethod,
  secondFactorPolicies
} from '../../../src/sign-in/needed-factor.ts'

/** Every way in, as its first step shows it. A reset and an invitation sign nobody in: a password does, afterwards. */
const ways: Record<string, readonly SignInMethod[]> = {
  'a password': ['pwd'],
  'a provider': ['provider'],
  'a provider that asserts a second factor': ['provider', 'provider_mfa'],
  'a passkey': ['passkey']
}
const states: readonly (readonly SecondFactor[])[] = [[], ['totp'], ['passkey'], ['totp', 'passkey']]
const isEnough = (methods: readonly SignInMethod[]) => methods.includes('passkey') || methods.includes('provider_mfa')

const cases = Object.entries(ways).flatMap(([way, methods]) =>
  states.flatMap((secondFactors) =>
    secondFactorPolicies.flatMap((policy) =>
      [true, false].map((isAdmin) => ({ way, methods, secondFactors, policy, isAdmin }))
    )
  )
)

describe('every way to sign in, in every state of second factors', () => {
  test.each(cases)('$way, factors $secondFactors, $policy, admin: $isAdmin', (given) => {
    const { methods, secondFactors, policy, isAdmin } = given
    const needed = neededFactor(given)
    const isRequired = policy === 'required' || (policy === 'required-for-admins' && isAdmin)
    if (isEnough(methods)) expect(needed).toBe('nothing')
    else if (secondFactors.length > 0) expect(needed).toBe('second_factor')
    else expect(needed).toBe(isRequired ? 'enrolment' : 'nothing')
  })

  test.each(cases)(
    '$way, factors $secondFactors, $policy, admin: $isAdmin: after a second factor nothing is missing',
    (given) => {
      for (const second of ['totp', 'recovery_code', 'passkey'] as const) {
        const methods = [...given.methods, second]
        expect(neededFactor({ ...given, methods })).toBe('nothing')
        expect(authenticationBy(methods)).toMatchObject({ acr: 'urn:countersign:acr:2' })
        expect(authenticationBy(methods).amr).toContain('mfa')
      }
    }
  )

  test('tokens never claim more than was shown', () => {
    expect(authenticationBy(['pwd'])).toEqual({ acr: 'urn:countersign:acr:1', amr: ['pwd'] })
    expect(authenticationBy(['mail'])).toEqual({ acr: 'urn:countersign:acr:1', amr: ['otp'] })
    expect(authenticationBy(['mail', 'totp'])).toEqual({ acr: 'urn:countersign:acr:2', amr: ['otp', 'mfa'] })
    expect(authenticationBy(['provider'])).toEqual({ acr: 'urn:countersign:acr:1', amr: ['fed'] })
  })
})
