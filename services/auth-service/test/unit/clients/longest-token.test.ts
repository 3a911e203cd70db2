import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { maxTokenLength } from '@countersign/verifier'
import { describe, expect, test } from 'vitest'
import { type ClientPolicy, tokenExchangeGrant } from '../../../src/clients/client.ts'
import { longestTokenOf } from '../../../src/clients/longest-token.ts'
import { createAccessTokenIssuer } from '../../../src/tokens/access-tokens.ts'
import { isReadableLength } from '../../../src/tokens/readable-length.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 4096 })
const kid = 'k'.repeat(43)
const { issue } = createAccessTokenIssuer({
  issuer: `https://${'i'.repeat(504)}`,
  signingKey: async () => ({ kid, privateKey })
})

/** The longest that the issuer can make for this client. */
const issueLongest = ({ scopes, audiences, grantTypes, mayCarryRoles }: ClientPolicy) => {
  const signsIn = grantTypes.includes('authorization_code')
  return issue({
    clientId: 'c'.repeat(64),
    sid: randomUUID(),
    scope: scopes.join(' '),
    audience: signsIn ? audiences.slice(0, 1) : audiences,
    issuedAt: 1_790_000_000,
    expiresAt: 1_790_000_600,
    signingKid: kid,
    jkt: 'j'.repeat(43),
    ...(grantTypes.includes(tokenExchangeGrant)
      ? {
          subject: randomUUID(),
          username: '𠀀'.repeat(64),
          roles: mayCarryRoles ? Array.from({ length: 16 }, () => 'r'.repeat(32)) : undefined,
          actor: { sub: 'c'.repeat(64), sid: randomUUID() }
        }
      : { subject: 'c'.repeat(64) }),
    ...(signsIn && {
      subject: randomUUID(),
      username: '𠀀'.repeat(64),
      roles: Array.from({ length: 16 }, () => 'r'.repeat(32)),
      authentication: { at: 1_790_000_000, acr: 'urn:countersign:acr:2', amr: ['pwd', 'otp', 'hwk', 'mfa'] }
    })
  })
}

const policy = (changes: Partial<ClientPolicy> = {}): ClientPolicy & { id: string } => ({
  id: 'c'.repeat(64),
  grantTypes: ['client_credentials'],
  scopes: ['orders:read', 'orders:write'],
  audiences: Array.from({ length: 20 }, (_, at) => `https://${at}.test/${'a'.repeat(100)}`),
  resources: [],
  mayActFor: [],
  mayCarryRoles: false,
  mayUnbindTokens: false,
  exchangeRules: [],
  accessTokenTtlSeconds: null,
  applicationType: 'web',
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  logoUri: null,
  policyUri: null,
  tosUri: null,
  requirePkce: true,
  isFirstParty: false,
  idTokenTtlSeconds: null,
  ...changes
})
const exchanging = { grantTypes: [tokenExchangeGrant] as const }

describe('the length of a token', () => {
  test.each([
    ['for itself', policy()],
    ['without scopes', policy({ scopes: [] })],
    [
      'for users who sign in to it',
      policy({ grantTypes: ['authorization_code'], audiences: [`https://${'a'.repeat(500)}`] })
    ],
    ['for users', policy(exchanging)],
    ['for users, with roles', policy({ ...exchanging, mayCarryRoles: true })]
  ])('of a client %s is foreseen to within a few characters', async (_, client) => {
    const token = await issueLongest(client)
    expect(longestTokenOf(client)).toBeGreaterThanOrEqual(token.length)
    expect(longestTokenOf(client) - token.length).toBeLessThan(40)
  })

  test('is one that verifiers read, or the token is not issued', async () => {
    const long = policy({ audiences: Array.from({ length: 50 }, (_, at) => `https://${at}.test/${'a'.repeat(100)}`) })
    await expect(issueLongest(long)).rejects.toMatchObject({
      code: 'invalid_request',
      description: expect.stringMatching(/would have \d+ characters, and verifiers accept fewer than 8192/)
    })
    expect(isReadableLength(maxTokenLength)).toBe(false)
    expect(isReadableLength(maxTokenLength - 1)).toBe(true)
  })
})
