import { describe, expect, test } from 'vitest'
import { decideFirstSignIn, isAddressProven } from '../../../src/providers/linking-rules.ts'

describe('the first sign-in by an identity', () => {
  test.each([
    // account, second factor, proven, registration
    [true, false, true, 'open', 'link'],
    [true, false, true, 'closed', 'link'],
    [true, true, true, 'open', 'account_exists'],
    [true, true, true, 'closed', 'account_exists'],
    [true, false, false, 'open', 'account_exists'],
    [true, false, false, 'closed', 'account_exists'],
    [false, false, true, 'open', 'create'],
    [false, false, false, 'open', 'create'],
    [false, false, true, 'closed', 'registration_closed'],
    [false, false, false, 'closed', 'registration_closed']
  ] as const)(
    'account at the address: %s, with a second factor: %s, address proven: %s, registration %s: %s',
    (has, hasSecondFactor, proven, registration, outcome) => {
      expect(
        decideFirstSignIn({ hasAccountAtAddress: has, hasSecondFactor, isAddressProven: proven, registration })
      ).toBe(outcome)
    }
  )
})

describe('the word of a provider about an address', () => {
  const arrival = {
    issuer: 'https://id.example',
    subject: '1',
    address: undefined,
    isAddressVerified: true,
    organizationDomain: undefined,
    names: [],
    displayName: undefined,
    amr: [],
    authenticatedAt: undefined
  }
  test.each([
    ['google', [], 'ada@gmail.com', true, undefined, true],
    ['google', [], 'ada@GMAIL.com', true, undefined, true],
    ['google', [], 'ada@gmail.com', false, undefined, false],
    ['google', [], 'ada@googlemail.com', true, undefined, false],
    ['google', [], 'ada@gmail.com.example', true, undefined, false],
    ['google', [], 'ada@team.example', true, 'team.example', true],
    ['google', [], 'ada@team.example', true, 'Team.Example', true],
    ['google', [], 'ada@team.example', true, 'other.example', false],
    ['google', [], 'ada@team.example', true, undefined, false],
    ['oidc', [], 'ada@gmail.com', true, undefined, false],
    ['oidc', [], 'ada@team.example', true, 'team.example', false],
    ['microsoft', [], 'ada@team.example', true, 'team.example', false],
    ['oidc', ['team.example'], 'ada@team.example', true, undefined, true],
    ['oidc', ['team.example'], 'ada@team.example', false, undefined, false],
    ['oidc', ['team.example'], 'ada@sub.team.example', true, undefined, false],
    ['oidc', ['xn--mller-kva.example'], 'ada@müller.example', true, undefined, true],
    ['oidc', ['team.example'], undefined, true, undefined, false]
  ] as const)(
    '%s, for %j: %s, verified %s, of the organization %s: %s',
    (kind, domains, address, verified, hd, counts) => {
      const provider = { kind, authoritativeDomains: domains }
      expect(
        isAddressProven(provider, { ...arrival, address, isAddressVerified: verified, organizationDomain: hd })
      ).toBe(counts)
    }
  )
})
