import { randomUUID } from 'node:crypto'
import {
  createAuthorizingBrowser,
  exchangeCode,
  newPkce,
  register,
  send,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'

const pagesUrl = 'https://pages.example.com'
const redirectUri = 'https://app.example.com/callback'

describe('the exchange of an authorization code', () => {
  let fixture: Fixture
  let user: Awaited<ReturnType<typeof register>>
  let token: string

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: pagesUrl } })
    user = await register(fixture.issuer)
    token = (await signIn(fixture.issuer, user)).access_token
  })
  afterAll(() => fixture?.stop())

  const newSpa = (members: Record<string, unknown> = {}) =>
    fixture.newClient({
      client_id: `spa-${randomUUID()}`,
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [redirectUri],
      scopes: [],
      audiences: [],
      ...members
    })

  async function authorize(clientId: string, members: Record<string, string> = {}) {
    const { verifier, challenge } = newPkce()
    const parameters = {
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile email offline_access',
      state: 'the state',
      nonce: 'the nonce',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...members
    }
    const sent = await createAuthorizingBrowser(fixture.issuer).authorize(parameters, token)
    return {
      sent,
      exchange: { client_id: clientId, code: sent.code, redirect_uri: redirectUri, code_verifier: verifier }
    }
  }

  test('gives an access token for userinfo, a refresh token and an ID token', async () => {
    const client = await newSpa()
    const { sent, exchange } = await authorize(client.client_id)
    expect(sent).toEqual({ code: expect.any(String), state: 'the state', iss: fixture.issuer })
    const { status, body } = await exchangeCode(fixture.issuer, exchange)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid profile email offline_access' })
    const keys = createRemoteJWKSet(new URL(`${fixture.issuer}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(body.id_token ?? '', keys, {
      issuer: fixture.issuer,
      audience: client.client_id
    })
    expect(protectedHeader.typ).toBe('JWT')
    const { sid } = unverifiedClaims(body.access_token)
    expect(payload).toMatchObject({ sub: user.id, nonce: 'the nonce', sid, preferred_username: user.username })
    expect(payload.email).toBeUndefined()
    const userinfo = await send(`${fixture.issuer}/oauth/userinfo`, {
      headers: { Authorization: `Bearer ${body.access_token}` }
    })
    expect(userinfo.status).toBe(200)
    expect(userinfo.body).toEqual({ sub: user.id, name: user.username, preferred_username: user.username })
  })
})
