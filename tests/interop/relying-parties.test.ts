import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { findLastingPort } from '@countersign/testing'
import { type CodeTokens, get, newPkce, postForm, untilReady } from '@countersign/testing/trio'
import { decodeJwt } from 'jose'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, launchOptions } from '../browser/fixture.ts'
import { apacheModule, isInstalled, startApache } from '../integration/fixtures/front-proxy.ts'
import { blocksOf } from '../package/fixtures/pages.ts'
import { startFixture } from './fixture.ts'
import { python } from './follower-process.ts'
import { hasPython, hasRuby, replaceAll } from './page-examples.ts'
import { type Installation, openInstallation } from './relying-parties/installation.ts'
import { startNpmStart } from './relying-parties/npm-start.ts'
import { type Program, startPageProgram, startProgram } from './relying-parties/program.ts'
import { serveGuide } from './relying-parties/single-page-app.ts'
import { createUserAgent, type UserAgent } from './relying-parties/user-agent.ts'

/** The program that a guide shows. */
const programOf = (page: string) => blocksOf(`docs/${page}`).find(({ file }) => file !== undefined)?.code ?? ''

const blockOf = (page: string, language: string) =>
  blocksOf(`docs/${page}`).find((block) => block.language === language)?.code ?? ''

/** What signs users in from a terminal, where it is installed. */
const terminalPrograms = [
  ['oauth4webapi', process.execPath, 'oauth4webapi.mjs'] as const,
  hasPython('authlib', 'requests') && (['Authlib', python, 'authlib-app.py'] as const),
  hasRuby('openid_connect') && (['openid_connect of Ruby', 'ruby', 'openid-connect-app.rb'] as const)
].filter((program) => program !== false)

const hasOidcAgent = existsSync('/usr/bin/oidc-token')
const hasApache = isInstalled('apache2') && existsSync(apacheModule('auth_openidc'))
const apacheModules = [
  'mpm_event',
  'authn_core',
  'authz_core',
  'authz_user',
  'headers',
  'proxy',
  'proxy_http',
  'auth_openidc'
]

interface Site {
  readonly issuer: string
  readonly api: string
  readonly admin: { username: string; password: string }
  stop(): Promise<void>
}

async function startTrioSite(): Promise<Site> {
  const pagesPort = await findLastingPort()
  const pages = `http://localhost:${pagesPort}`
  const fixture = await startFixture({ env: { PAGES_URL: pages, REVOCATION_FEED_ACCESS: 'open' } })
  const { issuer, audience, trio, stop } = fixture
  if (hasBrowser) await untilReady(await trio.startBff({ PORT: String(pagesPort), PUBLIC_URL: pages }))
  return { issuer, api: audience, admin: { username: 'admin', password: trio.adminPassword }, stop }
}

describe.each([
  ['the trio', startTrioSite],
  ['npm start', startNpmStart]
])('unmodified relying parties at %s', (name, start) => {
  let site: Site
  let at: Installation

  beforeAll(async () => {
    site = await start()
    at = await openInstallation(site.issuer, site.api, site.admin)
  })
  afterAll(() => site?.stop())

  const stopsAfterTest = (program: Program) => {
    onTestFinished(() => program.stop())
    return program
  }
  const identity = () => ({ sub: at.user.id, preferred_username: at.user.username })
  /** What the API returns about the caller. */
  const caller = () => ({ id: at.user.id, username: at.user.username })

  interface WebApp extends Record<string, unknown> {
    /** Paths. */
    readonly afterLogout?: string
    readonly backchannelLogout?: string
  }

  /** An app with a server, registered with its callback. */
  async function newWebApp(callback: string, { afterLogout, backchannelLogout, ...client }: WebApp = {}) {
    const baseUrl = `http://localhost:${await findLastingPort()}`
    const registered = await at.newClient({
      redirect_uris: [baseUrl + callback],
      ...(afterLogout !== undefined && { post_logout_redirect_uris: [baseUrl + afterLogout] }),
      ...(backchannelLogout !== undefined && { backchannel_logout_uri: baseUrl + backchannelLogout }),
      ...client
    })
    return {
      baseUrl,
      env: {
        ISSUER: at.issuer,
        API: at.api,
        BASE_URL: baseUrl,
        CLIENT_ID: registered.client_id,
        CLIENT_SECRET: registered.client_secret,
        SESSION_SECRET: randomBytes(32).toString('base64url')
      }
    }
  }

  /** Where the app takes a user who has no session there. */
  const asksToSignIn = async (user: UserAgent, url: string) => {
    const end = `${at.issuer}/oauth/authorize?`
    return (await user.visitUpTo(url, end)).startsWith(end)
  }
  const takeBackAccess = async (clientId: string) => {
    const headers = { Authorization: `Bearer ${await at.userToken()}` }
    const { status } = await fetch(`${at.issuer}/auth/me/apps/${clientId}`, { method: 'DELETE', headers })
    expect(status).toBe(204)
  }
  const hasEndedAtPages = async (token: string) => (await get(`${at.issuer}/auth/me`, token)).status === 401

  test('express-openid-connect, as the guide for web apps shows it', async () => {
    const app = await newWebApp('/callback', { afterLogout: '', backchannelLogout: '/backchannel-logout' })
    const always = programOf('sign-in-web-app.md').replace('if (accessToken.isExpired())', '')
    stopsAfterTest(await startPageProgram(always, app.env))
    const user = createUserAgent(at)
    expect(JSON.parse((await user.visit(app.baseUrl)).text)).toMatchObject(identity())
    expect(JSON.parse((await user.visit(`${app.baseUrl}/account`)).text)).toMatchObject(caller())

    const pages = await user.pagesToken()
    expect(await user.visitUpTo(`${app.baseUrl}/logout`, `${app.baseUrl}/`)).toBe(`${app.baseUrl}/`)
    expect(await hasEndedAtPages(pages)).toBe(true)
    expect(await asksToSignIn(user, app.baseUrl)).toBe(true)

    await user.visit(app.baseUrl)
    expect(await asksToSignIn(user, app.baseUrl)).toBe(false)
    await takeBackAccess(app.env.CLIENT_ID)
    await expect.poll(() => asksToSignIn(user, app.baseUrl)).toBe(true)
  })

  test('openid-client, as the guide for native apps shows it', async () => {
    const client = await at.newClient({
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback']
    })
    const env = { ISSUER: at.issuer, API: at.api, CLIENT_ID: client.client_id }
    const program = stopsAfterTest(await startPageProgram(programOf('sign-in-native-app.md'), env))
    expect((await createUserAgent(at).visit(program.address)).text).toBe(
      'You are signed in. You can close this window.'
    )
    expect(JSON.parse(await program.result())).toMatchObject({ user: identity(), account: caller() })
  })

  test.skipIf(!hasBrowser)('oidc-client-ts in Chromium, as the guide for single-page apps shows it', async () => {
    const port = await findLastingPort()
    const url = `http://localhost:${port}`
    const client = await at.newClient({
      token_endpoint_auth_method: 'none',
      redirect_uris: [`${url}/callback`],
      post_logout_redirect_uris: [`${url}/`]
    })
    const env = { VITE_ISSUER: at.issuer, VITE_CLIENT_ID: client.client_id, VITE_RESOURCE: at.api }
    const always = programOf('sign-in-single-page-app.md').replace('user.expired', 'true')
    onTestFinished(await serveGuide(always, port, env, at.api))
    const browser = await chromium.launch(launchOptions)
    onTestFinished(() => browser.close())
    const page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    const asked: string[] = []
    page.on('response', (response) => {
      const request = response.request()
      const form = new URLSearchParams(request.postData() ?? '')
      const [origin, path] = request.url().split('/oauth')
      if (request.method() !== 'POST' || origin !== at.issuer) return
      asked.push(`${path} ${form.get('grant_type') ?? form.get('token_type_hint')} ${response.status()}`)
    })
    await page.goto(url)
    await page.getByRole('textbox', { name: 'Username' }).fill(at.user.username)
    await page.getByLabel('Password', { exact: true }).fill(at.user.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.getByText(`Signed in as ${at.user.username}; the API knows ${at.user.username}`).waitFor()
    expect(asked).toEqual(['/token authorization_code 200', '/token refresh_token 200'])
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    // Back in the app, which begins again: the pages do not know the user any more.
    await page.waitForURL((to) => to.pathname === '/authorize')
    expect(asked.slice(2).sort()).toEqual(['/revoke access_token 200', '/revoke refresh_token 200'])
    await page.getByRole('textbox', { name: 'Username' }).waitFor()
  })

  test('Auth.js', async () => {
    const app = await newWebApp('/auth/callback/countersign')
    stopsAfterTest(await startProgram(process.execPath, 'auth-js.mjs', app.env))
    const user = createUserAgent(at)
    const { csrfToken } = JSON.parse((await user.visit(`${app.baseUrl}/auth/csrf`)).text)
    const form = { csrfToken, callbackUrl: app.baseUrl }
    const { text } = await user.visit(`${app.baseUrl}/auth/signin/countersign`, form)
    expect(JSON.parse(text)).toMatchObject({ user: identity(), account: caller() })
  })

  test('passport-openidconnect, which knows neither PKCE nor `resource`', async () => {
    const app = await newWebApp('/callback', {
      require_pkce: false,
      token_endpoint_auth_method: 'client_secret_post'
    })
    stopsAfterTest(await startProgram(process.execPath, 'passport.mjs', app.env))
    const { text } = await createUserAgent(at).visit(app.baseUrl)
    // Its token is for the userinfo endpoint.
    const user = { id: at.user.id, username: at.user.username, displayName: at.user.username }
    expect(JSON.parse(text)).toMatchObject({ user, status: 401 })
  })

  test.each(terminalPrograms)('%s', async (_, command, file) => {
    const redirectUri = 'https://app.example.com/callback'
    const isPublic = file === 'oauth4webapi.mjs'
    const client = await at.newClient({
      redirect_uris: [redirectUri],
      ...(isPublic && { token_endpoint_auth_method: 'none' })
    })
    const program = stopsAfterTest(
      await startProgram(command, file, {
        ISSUER: at.issuer,
        API: at.api,
        CLIENT_ID: client.client_id,
        CLIENT_SECRET: client.client_secret ?? '',
        REDIRECT_URI: redirectUri
      })
    )
    program.type(await createUserAgent(at).visitUpTo(program.address, redirectUri))
    expect(JSON.parse(await program.result())).toMatchObject({
      user: identity(),
      userinfo: identity(),
      account: caller()
    })
  })

  test.each([
    // It asks for the scopes of the challenge alone, and without `offline_access` only a first-party app gets a refresh token.
    { version: 1, scope: 'notes:read', first_party: true },
    { version: 2, scope: 'notes:read offline_access', first_party: false }
  ])('the client of the MCP SDK $version, at an MCP server behind the verifier', async (sdk) => {
    const resource = `http://localhost:${await findLastingPort()}/mcp`
    await at.newApi(resource, 'notes:read')
    const redirectUri = 'http://127.0.0.1:1234/callback'
    const client = await at.newClient({
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
      scopes: ['notes:read'],
      audiences: [resource],
      first_party: sdk.first_party
    })
    const env = {
      ISSUER: at.issuer,
      RESOURCE: resource,
      CLIENT_ID: client.client_id,
      REDIRECT_URI: redirectUri,
      MCP_SDK: `${sdk.version}`
    }
    stopsAfterTest(await startProgram(process.execPath, 'mcp-server.mjs', env))
    const refused = await fetch(resource, { method: 'POST' })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('WWW-Authenticate')).toContain(
      `Bearer scope="notes:read", resource_metadata="${resource.replace('/mcp', '')}/.well-known/oauth-protected-resource/mcp"`
    )
    const program = stopsAfterTest(await startProgram(process.execPath, 'mcp-client.mjs', env))
    const asked = Object.fromEntries(new URL(program.address).searchParams)
    expect(asked).toMatchObject({ resource, scope: sdk.scope, code_challenge_method: 'S256' })
    program.type(await createUserAgent(at).visitUpTo(program.address, redirectUri))
    const seen = { sub: at.user.id, client_id: client.client_id, aud: [resource], scope: 'notes:read' }
    const { requests, ...calls } = JSON.parse(await program.result())
    expect(calls).toMatchObject({ claims: seen, refreshed: { ...seen, sid: calls.claims.sid } })
    expect(calls.refreshed.jti).not.toBe(calls.claims.jti)
    expect(requests).toMatchObject([
      { grant_type: 'authorization_code', resource },
      { grant_type: 'refresh_token', resource }
    ])
  })

  test.skipIf(!hasApache)('mod_auth_openidc, which refreshes before each request to the API', async () => {
    const app = await newWebApp('/signed-in', {
      afterLogout: '/bye',
      backchannelLogout: '/signed-in?logout=backchannel'
    })
    const { port } = new URL(app.baseUrl)
    const claims = createServer(({ headers }, response) => response.end(JSON.stringify(headers)))
    onTestFinished(() => void claims.close())
    await new Promise<void>((resolve) => claims.listen(0, '127.0.0.1', resolve))
    const settings = replaceAll(blockOf('sign-in-other-software.md', 'apache'), {
      'https://auth.example.com': at.issuer,
      'OIDCClientID apache': `OIDCClientID ${app.env.CLIENT_ID}`,
      'the-secret': app.env.CLIENT_SECRET,
      'https://www.example.com/signed-in': `${app.baseUrl}/signed-in`,
      'at-least-32-random-characters': app.env.SESSION_SECRET,
      'https%3A%2F%2Fapi.example.com': encodeURIComponent(at.api),
      'BeforeExpiry 60': 'BeforeExpiry 3600',
      'ProxyPass "/" "https://api.example.com/"': `
        ProxyPass "/claims" "http://127.0.0.1:${(claims.address() as AddressInfo).port}/"
        ProxyPass "/" "${at.api}/"`
    })
    const apache = await startApache(settings, Number(port), apacheModules)
    onTestFinished(() => apache.stop())
    const user = createUserAgent(at)
    const [first, second] = [await claimsOf(user), await claimsOf(user)]
    expect(first).toMatchObject({
      oidc_claim_sub: at.user.id,
      oidc_claim_iss: at.issuer,
      oidc_claim_preferred_username: at.user.username
    })
    expect(second.oidc_claim_sid).toBe(first.oidc_claim_sid)
    expect(second.oidc_access_token).not.toBe(first.oidc_access_token)
    expect(JSON.parse((await user.visit(`${app.baseUrl}/me`)).text)).toMatchObject(caller())

    const pages = await user.pagesToken()
    const bye = `${app.baseUrl}/bye`
    expect(await user.visitUpTo(`${app.baseUrl}/signed-in?logout=${encodeURIComponent(bye)}`, bye)).toBe(bye)
    expect(await hasEndedAtPages(pages)).toBe(true)
    expect(await asksToSignIn(user, bye)).toBe(true)

    await claimsOf(user)
    expect(await asksToSignIn(user, bye)).toBe(false)
    await takeBackAccess(app.env.CLIENT_ID)
    await expect.poll(() => asksToSignIn(user, bye)).toBe(true)

    async function claimsOf(agent: UserAgent): Promise<Record<string, string>> {
      return JSON.parse((await agent.visit(`${app.baseUrl}/claims`)).text)
    }
  })

  test('the settings of the guide for Grafana lead through a sign-in as it does one', async () => {
    const app = await newWebApp('/login/generic_oauth', { afterLogout: '/login' })
    const text = replaceAll(blockOf('sign-in-other-software.md', 'text'), {
      'https://auth.example.com': at.issuer,
      'https://grafana.example.com': app.baseUrl,
      'https%3A%2F%2Fgrafana.example.com': encodeURIComponent(app.baseUrl),
      'CLIENT_ID=grafana': `CLIENT_ID=${app.env.CLIENT_ID}`,
      'client_id=grafana': `client_id=${app.env.CLIENT_ID}`,
      'the-secret': app.env.CLIENT_SECRET
    })
    const setting = (name: string) => new RegExp(`^GF_${name}=(.*)$`, 'm').exec(text)?.[1] ?? ''
    const oauth = (name: string) => setting(`AUTH_GENERIC_OAUTH_${name}`)
    expect([oauth('AUTH_STYLE'), oauth('USE_PKCE')]).toEqual(['InHeader', 'true'])
    const { verifier, challenge } = newPkce()
    const redirectUri = `${setting('SERVER_ROOT_URL')}/login/generic_oauth`
    const query = new URLSearchParams({
      client_id: oauth('CLIENT_ID'),
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: oauth('SCOPES'),
      access_type: 'online',
      state: 'the-state',
      code_challenge: challenge,
      code_challenge_method: 'S256'
    })
    const user = createUserAgent(at)
    const back = await user.visitUpTo(`${oauth('AUTH_URL')}?${query}`, redirectUri)
    const code = new URL(back).searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
    const headers = { Authorization: `Basic ${btoa(`${oauth('CLIENT_ID')}:${oauth('CLIENT_SECRET')}`)}` }
    const { body } = await postForm<CodeTokens>(oauth('TOKEN_URL'), form, headers)
    expect(body.refresh_token).toEqual(expect.any(String))
    const claims = decodeJwt(body.id_token ?? '')
    const { body: userinfo } = await get(oauth('API_URL'), body.access_token)
    for (const known of [claims, userinfo]) {
      expect(known[oauth('LOGIN_ATTRIBUTE_PATH')]).toBe(at.user.username)
      expect(known[oauth('NAME_ATTRIBUTE_PATH')]).toBe(at.user.username)
      expect(known[/, (\w+)\)/.exec(oauth('ROLE_ATTRIBUTE_PATH'))?.[1] ?? '']).toBe(at.user.id)
    }
    const signedOut = `${setting('SERVER_ROOT_URL')}/login`
    expect(await user.visitUpTo(oauth('SIGNOUT_REDIRECT_URL'), signedOut)).toBe(signedOut)
  })

  // It polls itself for seconds.
  if (name === 'the trio') test.skipIf(!hasOidcAgent)('oidc-agent', signsInWithOidcAgent)

  async function signsInWithOidcAgent() {
    const redirectUri = `http://localhost:${await findLastingPort()}/redirect`
    const client = await at.newClient({
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://localhost/redirect']
    })
    const env = { ISSUER: at.issuer, CLIENT_ID: client.client_id, REDIRECT_URI: redirectUri }
    const program = stopsAfterTest(await startProgram(process.execPath, 'oidc-agent.mjs', env))
    await createUserAgent(at).visit(program.address)
    const { first, second, idToken } = JSON.parse((await program.result()).split('\n').at(-1) as string)
    expect(decodeJwt(idToken)).toMatchObject({ ...identity(), aud: client.client_id })
    expect(second).not.toBe(first)
    const { body } = await get(`${at.issuer}/oauth/userinfo`, second)
    expect(body).toMatchObject(identity())
  }
})
