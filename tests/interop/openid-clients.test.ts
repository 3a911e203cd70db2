import { createAuthorizingBrowser, register, signIn } from '@countersign/testing/trio'
import * as openid from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newApp, redirectUri, thingsApi } from '../integration/fixtures/app.ts'
import { type Fixture, startFixture } from './fixture.ts'

const scope = 'openid profile offline_access things:read'

describe('unmodified OpenID Connect clients from npm', () => {
  let fixture: Fixture
  let user: Awaited<ReturnType<typeof register>>
  let token: string

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: 'https://pages.example.com' } })
    user = await register(fixture.issuer)
    token = (await signIn(fixture.issuer, user)).access_token
  })
  afterAll(() => fixture?.stop())

  /** What the browser brings back to the client. */
  async function comeBack(authorizationUrl: URL): Promise<URL> {
    const parameters = await createAuthorizingBrowser(fixture.issuer).authorize(
      Object.fromEntries(authorizationUrl.searchParams),
      token
    )
    return new URL(`${redirectUri}?${new URLSearchParams(parameters)}`)
  }

  describe('openid-client', () => {
    const insecure = { execute: [openid.allowInsecureRequests] }
    const discover = (clientId: string, authentication?: openid.ClientAuth, secret?: string) =>
      openid.discovery(new URL(fixture.issuer), clientId, secret, authentication, insecure)

    async function signInTo(config: openid.Configuration, asPushed = false, key?: openid.DPoPHandle) {
      const pkceCodeVerifier = openid.randomPKCECodeVerifier()
      const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()]
      const parameters = {
        redirect_uri: redirectUri,
        scope,
        resource: thingsApi,
        state: expectedState,
        nonce: expectedNonce,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256'
      }
      const url = asPushed
        ? await openid.buildAuthorizationUrlWithPAR(config, parameters, key && { DPoP: key })
        : openid.buildAuthorizationUrl(config, parameters)
      const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 3600, idTokenExpected: true }
      return openid.authorizationCodeGrant(config, await comeBack(url), checks, undefined, key && { DPoP: key })
    }

    test.each([
      ['a public client', 'none', openid.None()],
      ['a client with client_secret_basic', 'client_secret_basic', undefined],
      ['a client with client_secret_post', 'client_secret_post', undefined]
    ] as const)('%s signs a user in, learns who it is, and refreshes', async (_, method, none) => {
      const app = await newApp(fixture, { token_endpoint_auth_method: method })
      const { client_secret: secret } = app
      const post = method === 'client_secret_post' ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret)
      const config = await discover(app.clientId, none ?? post)
      const tokens = await signInTo(config)
      expect(tokens.claims()).toMatchObject({ sub: user.id, preferred_username: user.username, aud: app.clientId })
      const userinfo = await openid.fetchUserInfo(config, tokens.access_token, user.id)
      expect(userinfo).toEqual({ sub: user.id, name: user.username, preferred_username: user.username })
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token as string)
      expect(refreshed.claims()).toMatchObject({ sub: user.id, sid: tokens.claims()?.sid })
      await openid.tokenRevocation(config, refreshed.refresh_token as string)
      const refused = openid.refreshTokenGrant(config, refreshed.refresh_token as string)
      await expect(refused).rejects.toMatchObject({ error: 'invalid_grant' })
    })

    test('pushes its request, and binds code and tokens to a key', async () => {
      const app = await newApp(fixture)
      const config = await discover(app.clientId, openid.None())
      const key = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair())
      const tokens = await signInTo(config, true, key)
      expect(tokens.token_type).toBe('dpop')
      const userinfo = await openid.fetchUserInfo(config, tokens.access_token, user.id, { DPoP: key })
      expect(userinfo.sub).toBe(user.id)
    })

    test('refuses a response that another issuer sent on: it names the issuer (mix-up)', async () => {
      const app = await newApp(fixture)
      const config = await discover(app.clientId, openid.None())
      const pkceCodeVerifier = openid.randomPKCECodeVerifier()
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid',
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256'
      })
      for (const iss of ['https://other.example.com', '']) {
        const back = await comeBack(url)
        if (iss) back.searchParams.set('iss', iss)
        else back.searchParams.delete('iss')
        const grant = openid.authorizationCodeGrant(config, back, { pkceCodeVerifier })
        await expect(grant).rejects.toMatchObject({ cause: { message: expect.stringMatching(/iss/) } })
      }
    })

    test('signs the user out at the issuer, and gets the browser back', async () => {
      const backTo = 'https://app.example.com/signed-out'
      const app = await newApp(fixture, { post_logout_redirect_uris: [backTo] })
      const config = await discover(app.clientId, openid.None())
      const { id_token: hint = '' } = await signInTo(config)
      const url = openid.buildEndSessionUrl(config, {
        id_token_hint: hint,
        post_logout_redirect_uri: backTo,
        state: 'the state'
      })
      expect(url.href.startsWith(`${fixture.issuer}/oauth/logout?`)).toBe(true)
      const own = (await signIn(fixture.issuer, user)).access_token
      const back = await createAuthorizingBrowser(fixture.issuer).logout(Object.fromEntries(url.searchParams), own)
      expect(back).toMatchObject({ status: 303, to: backTo, parameters: { state: 'the state' } })
    })

    test('hears of a refusal by its error', async () => {
      const app = await newApp(fixture)
      const config = await discover(app.clientId, openid.None())
      const verifier = openid.randomPKCECodeVerifier()
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid',
        acr_values: 'urn:countersign:acr:2',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256'
      })
      const grant = openid.authorizationCodeGrant(config, await comeBack(url), { pkceCodeVerifier: verifier })
      await expect(grant).rejects.toMatchObject({ error: 'unmet_authentication_requirements' })
    })
  })
})
