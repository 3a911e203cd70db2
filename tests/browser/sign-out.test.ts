import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { findLastingPort } from '@countersign/testing'
import { exchangeCode, newPkce, post, query, signIn, untilReady } from '@countersign/testing/trio'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  admin,
  createAccount,
  type Fixture,
  hasBrowser,
  openFixture,
  type Person,
  postFrom,
  signInWithoutForm
} from './fixture.ts'
import { problemsOf, show, ways } from './fixtures/accessibility.ts'

const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

describe.skipIf(!hasBrowser || !inject('docker'))('a sign-out for an app', () => {
  let fixture: Fixture
  let baseURL: string
  let issuer: string
  /** Another site: that of the app, and that of somebody who wants to sign the user out. */
  let site: Server
  let app: string

  beforeAll(async () => {
    const [pagesPort, issuerPort] = [await findLastingPort(), await findLastingPort()]
    baseURL = `http://localhost:${pagesPort}`
    issuer = `http://localhost:${issuerPort}`
    fixture = await openFixture({ env: { PAGES_URL: baseURL, ISSUER: issuer } })
    const { trio } = fixture
    await untilReady(await trio.startAuth({ PORT: String(issuerPort) }))
    await untilReady(await trio.startBff({ PORT: String(pagesPort), PUBLIC_URL: baseURL }))
    site = createServer((request, response) => {
      const { searchParams, pathname } = new URL(request.url ?? '/', 'http://app')
      response.setHeader('Content-Type', 'text/html')
      const inputs = [...searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`)
      response.end(
        pathname === '/form'
          ? `<!doctype html><title>Form</title><form method="post" action="${issuer}/oauth/logout">${inputs.join('')}<button>Go</button></form>`
          : '<!doctype html><title>The app</title><h1>The app</h1>'
      )
    })
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
    app = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
    const created = await post(
      `${issuer}/admin/clients`,
      {
        client_id: 'shop',
        name: 'The shop',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [`${app}/callback`],
        post_logout_redirect_uris: [`${app}/signed-out`]
      },
      (await signIn(issuer, admin(trio))).access_token
    )
    expect(created.status, JSON.stringify(created.body)).toBe(201)
  })
  afterAll(async () => {
    await fixture?.close()
    site?.close()
  })

  const visit = (options: Parameters<Fixture['visit']>[0] = {}) =>
    fixture.visit({ baseURL, locale: 'en-GB', ...options })
  const newUser = () => createAccount(issuer)
  const back = () => ({ post_logout_redirect_uri: `${app}/signed-out`, state: 'a-state' })
  const addressOf = (parameters: Record<string, string>) => `${issuer}/oauth/logout?${new URLSearchParams(parameters)}`
  /** A page of a new browser in which the user is signed in, and the ID token that the app has got there. */
  async function signedIn(options: Parameters<typeof visit>[0] = {}) {
    const person = await newUser()
    const { page } = await visit(options)
    await signInWithoutForm(page, person)
    const hint = await idTokenFor(page)
    await page.goto(`${app}/callback`)
    return { person, page, hint }
  }
  async function idTokenFor(page: Page): Promise<string> {
    const { verifier, challenge } = newPkce()
    const asked = { client_id: 'shop', redirect_uri: `${app}/callback`, response_type: 'code', scope: 'openid' }
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    /** Where the browser is sent, which does not go there. */
    const sentTo = async (url: string) =>
      new URL((await page.request.get(url, { maxRedirects: 0 })).headers().location ?? '')
    const begun = await sentTo(`${issuer}/oauth/authorize?${new URLSearchParams({ ...asked, ...pkce })}`)
    const path = `/account/auth/authorization-requests/${begun.searchParams.get('request')}`
    await postFrom(page, `${path}/claim`)
    const decided = await postFrom<{ complete_url: string }>(page, `${path}/decision`, { decision: 'allow' })
    const returned = await sentTo(decided.complete_url)
    const { body } = await exchangeCode(issuer, {
      client_id: 'shop',
      redirect_uri: `${app}/callback`,
      code: returned.searchParams.get('code') ?? '',
      code_verifier: verifier
    })
    return body.id_token ?? ''
  }
  const isSignedIn = async (page: Page) => (await page.context().request.get(`${baseURL}/bff/session`)).ok()
  const isBack = async (page: Page) => {
    await page.waitForURL(`${app}/signed-out?state=a-state`)
    await heading(page, 'The app')
  }
  const liveSessionsOf = ({ username }: Person) =>
    query(
      fixture.database.url,
      'SELECT 1 FROM refresh_token_families f JOIN users u ON u.id = f.user_id WHERE u.username = $1 AND f.revoked_at IS NULL',
      [username]
    )
  async function look(page: Page): Promise<void> {
    expect(await problemsOf(page)).toEqual([])
    await show(page, ways[0])
  }

  test('an app that knows the user by an ID token signs the user out at once, and gets the browser back', async () => {
    const { person, page, hint } = await signedIn()
    expect(await liveSessionsOf(person)).toHaveLength(2)
    await page.goto(addressOf({ ...back(), id_token_hint: hint }))
    await isBack(page)
    expect(await isSignedIn(page)).toBe(false)
    expect(await liveSessionsOf(person)).toEqual([])
    // Nothing of it is left behind the app in the history.
    await page.goBack()
    expect(page.url()).toMatch(`${app}/callback`)
  })

  test('by a form of the app it is the same', async () => {
    const { page, hint } = await signedIn()
    await page.goto(`${app}/form?${new URLSearchParams({ ...back(), id_token_hint: hint })}`)
    await button(page, 'Go').click()
    await isBack(page)
    expect(await isSignedIn(page)).toBe(false)
  })

  test('without a hint the user is asked, by keyboard as well, and then goes back to the app', async () => {
    const { person, page } = await signedIn()
    await page.goto(addressOf({ ...back(), client_id: 'shop' }))
    await heading(page, 'Sign out?')
    await page.getByText('The shop asks you to sign out.').waitFor()
    await page.getByText(`You are signed in as ${person.username}.`).waitFor()
    await page.getByText(new URL(app).host).waitFor()
    await look(page)
    expect(await isSignedIn(page)).toBe(true)
    await page.getByRole('link', { name: 'Stay signed in' }).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await isBack(page)
    expect(await isSignedIn(page)).toBe(false)
  })

  test('a user who declines stays signed in', async () => {
    const { page } = await signedIn()
    await page.goto(addressOf({ ...back(), client_id: 'shop' }))
    await page.getByRole('link', { name: 'Stay signed in' }).click()
    await page.getByText('This browser').waitFor()
    expect(await isSignedIn(page)).toBe(true)
  })

  test('another site with the hint of another user cannot sign this one out: this one is asked', async () => {
    const stranger = await signedIn()
    const { page } = await signedIn()
    await page.goto(`${app}/form?${new URLSearchParams({ ...back(), id_token_hint: stranger.hint })}`)
    await button(page, 'Go').click()
    await heading(page, 'Sign out?')
    await page.waitForTimeout(500)
    expect(await isSignedIn(page)).toBe(true)
    expect(await isSignedIn(stranger.page)).toBe(true)
  })

  test('with the hint of another session of this user the user is asked: only that session is known to the app', async () => {
    const { person, hint } = await signedIn()
    const { page } = await visit()
    await signInWithoutForm(page, person)
    await page.goto(addressOf({ ...back(), id_token_hint: hint }))
    await heading(page, 'Sign out?')
    expect(await isSignedIn(page)).toBe(true)
  })

  test('where nobody is signed in, the browser goes on to the app', async () => {
    const { hint } = await signedIn()
    const { page } = await visit()
    await page.goto(addressOf({ ...back(), id_token_hint: hint }))
    await isBack(page)
  })

  test('to an address that is not registered the browser does not go, and the page says why', async () => {
    const { page, hint } = await signedIn()
    await page.goto(addressOf({ post_logout_redirect_uri: `${app}/elsewhere`, id_token_hint: hint }))
    await heading(page, 'You are signed out')
    await page.getByText('an address that is not registered for it').waitFor()
    await look(page)
    await page.getByRole('link', { name: 'Sign in again' }).click()
    await heading(page, 'Sign in')
  })

  test('a request that is wrong is shown, and the user may sign out all the same', async () => {
    const { page } = await signedIn()
    await page.goto(addressOf({ id_token_hint: 'none' }))
    await page.getByRole('alert').getByText('not complete or not valid').waitFor()
    await page.getByText('invalid_request').waitFor()
    await look(page)
    await button(page, 'Sign out').click()
    await heading(page, 'You are signed out')
    await look(page)
    expect(await isSignedIn(page)).toBe(false)
  })

  test('a link to the page alone asks, and signs nobody out', async () => {
    const { page } = await signedIn()
    for (const search of ['', '?request=x', `?request=${'x'.repeat(43)}`]) {
      await page.goto(`/sign-out${search}`)
      await heading(page, 'Sign out?')
    }
    expect(await isSignedIn(page)).toBe(true)
  })

  test('a sign-out that fails is said, and can be tried again', async () => {
    const { page, hint } = await signedIn()
    await page.route('**/bff/session', (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({ status: 503, json: { error: 'temporarily_unavailable', error_description: 'Unavailable.' } })
        : route.continue()
    )
    await page.goto(addressOf({ ...back(), id_token_hint: hint }))
    await page.getByRole('alert').waitFor()
    await look(page)
    await page.unroute('**/bff/session')
    await button(page, 'Sign out').click()
    await isBack(page)
  })

  test('in German', async () => {
    const { page } = await signedIn()
    await page.goto(addressOf({ client_id: 'shop', ui_locales: 'de' }))
    await heading(page, 'Abmelden?')
    await look(page)
    await button(page, 'Abmelden').click()
    await heading(page, 'Sie sind abgemeldet')
    await look(page)
  })
})
