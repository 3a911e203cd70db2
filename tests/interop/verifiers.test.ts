import type { JsonWebKey } from 'node:crypto'
import type { TokenResponse } from '@countersign/oauth'
import { get, register, signIn, unverifiedClaims } from '@countersign/testing/trio'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Fixture, startFixture } from './fixture.ts'
import { forgeries } from './forgeries.ts'
import { clients, type Trust, type Verifier } from './verifier-clients.ts'

describe('unmodified libraries from npm', () => {
  let fixture: Fixture
  let trust: Trust
  let published: JsonWebKey
  let tokens: TokenResponse
  let userId: string

  beforeAll(async () => {
    fixture = await startFixture()
    const { issuer, audience } = fixture
    trust = { issuer, jwksUri: `${issuer}/.well-known/jwks.json`, audience }
    const { body } = await get<{ keys: JsonWebKey[] }>(trust.jwksUri)
    published = body.keys[0] as JsonWebKey
    const user = await register(issuer)
    userId = user.id
    tokens = await signIn(issuer, user)
  })
  afterAll(async () => {
    await fixture?.stop()
  })

  describe.each(clients.map(({ name, start }) => [name, start] as const))('%s', (_, start) => {
    let verifier: Verifier

    beforeAll(async () => {
      verifier = await start(trust)
    })
    afterEach(() => {
      vi.useRealTimers()
    })
    afterAll(async () => {
      await verifier?.close()
    })

    test('accepts an access token, and hands over its claims', async () => {
      const claims = await verifier.verify(tokens.access_token)
      expect(claims).toEqual(unverifiedClaims(tokens.access_token))
      expect(claims).toMatchObject({
        iss: trust.issuer,
        sub: userId,
        aud: [trust.audience, trust.issuer],
        scope: tokens.scope
      })
    })

    /** The real token is accepted after it, so that it was not an outage, or a penalty, that refused this one. */
    async function expectRefused(token: string) {
      expect(await verifier.verify(token)).toBeUndefined()
      vi.useRealTimers()
      expect(await verifier.verify(tokens.access_token)).toBeDefined()
    }

    test.each(Object.entries(forgeries))('refuses a token with %s', async (_, forge) => {
      await expectRefused(forge(tokens.access_token, published))
    })

    test('refuses an expired token', async () => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (tokens.expires_in + 60) * 1000 })
      await expectRefused(tokens.access_token)
    })

    test('refuses a refresh token', async () => {
      await expectRefused(tokens.refresh_token)
    })

    test('accepts a token for each audience that it names, and for no other', async () => {
      const accepted = []
      const audiences = [trust.audience, trust.issuer, 'http://another-api.test']
      for (const one of audiences) {
        const ofOne = await start({ ...trust, audience: one })
        try {
          if (await ofOne.verify(tokens.access_token)) accepted.push(one)
        } finally {
          await ofOne.close()
        }
      }
      expect(accepted).toEqual([trust.audience, trust.issuer])
    })
  })
})
