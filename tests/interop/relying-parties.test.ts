import { randomBytes } from 'node:crypto'
import { findLastingPort } from '@countersign/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { blocksOf } from '../package/fixtures/pages.ts'
import { startFixture } from './fixture.ts'
import { type Installation, openInstallation } from './relying-parties/installation.ts'
import { startNpmStart } from './relying-parties/npm-start.ts'
import { type Program, startPageProgram } from './relying-parties/program.ts'
import { createUserAgent } from './relying-parties/user-agent.ts'

/** The program that a guide shows. */
const programOf = (page: string) => blocksOf(`docs/${page}`).find(({ file }) => file === 'app.mjs')?.code ?? ''

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
  return { issuer, api: audience, admin: { username: 'admin', password: trio.adminPassword }, stop }
}

describe.each([
  ['the trio', startTrioSite],
  ['npm start', startNpmStart]
])('unmodified relying parties at %s', (_, start) => {
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
  /** What the API answers about the caller. */
  const caller = () => ({ id: at.user.id, username: at.user.username })

  /** An app with a server, registered with its callback. */
  async function newWebApp(callback: string, client: Record<string, unknown> = {}) {
    const baseUrl = `http://localhost:${await findLastingPort()}`
    const registered = await at.newClient({ redirect_uris: [baseUrl + callback], ...client })
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

  test('express-openid-connect, as the guide for web apps shows it', async () => {
    const app = await newWebApp('/callback')
    const always = programOf('sign-in-web-app.md').replace('if (accessToken.isExpired())', '')
    stopsAfterTest(await startPageProgram(always, app.env))
    const user = createUserAgent(at)
    expect(JSON.parse((await user.visit(app.baseUrl)).text)).toMatchObject(identity())
    expect(JSON.parse((await user.visit(`${app.baseUrl}/account`)).text)).toMatchObject(caller())
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
})
