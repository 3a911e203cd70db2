import { setTimeout as delay } from 'node:timers/promises'
import { findLastingPort } from '@countersign/testing'
import { query } from '@countersign/testing/trio'
import type { CDPSession, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { expectSignedOut, type Fixture, hasBrowser, newPerson, openFixture, openNewAccount } from './fixture.ts'
import { problemsOf } from './fixtures/accessibility.ts'

/** An authenticator of Chromium (WebAuthn §11). */
interface VirtualAuthenticator {
  readonly cdp: CDPSession
  readonly id: string
}

interface Credential {
  credentialId: string
  isResidentCredential: boolean
  rpId: string
  privateKey: string
  userHandle: string
  signCount: number
  backupEligibility: boolean
  backupState: boolean
}

describe.skipIf(!hasBrowser || !inject('docker'))('passkeys in a browser', () => {
  let fixture: Fixture
  /** A page of a session that is no longer recent, and since when. */
  let aged: { readonly page: Page; readonly at: number } | undefined

  beforeAll(async () => {
    const port = await findLastingPort()
    const publicUrl = `http://localhost:${port}`
    fixture = await openFixture({
      bffReplicas: 0,
      publicUrl,
      env: { PAGES_URL: publicUrl, ACCESS_TOKEN_TTL_SECONDS: '30' }
    })
    await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: publicUrl })
  })
  afterAll(() => fixture?.close())

  const sql = <Row extends object>(text: string, values: unknown[]) => query<Row>(fixture.database.url, text, values)

  async function plugIn(page: Page, options: object = {}): Promise<VirtualAuthenticator> {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
        ...options
      }
    })
    return { cdp, id }
  }

  const credentialsOf = async ({ cdp, id: authenticatorId }: VirtualAuthenticator) =>
    (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials as Credential[]

  async function replace(authenticator: VirtualAuthenticator, change: Partial<Credential>): Promise<void> {
    const { cdp, id: authenticatorId } = authenticator
    const [credential] = await credentialsOf(authenticator)
    if (!credential) throw new Error('The authenticator has no credential.')
    await cdp.send('WebAuthn.removeCredential', { authenticatorId, credentialId: credential.credentialId })
    await cdp.send('WebAuthn.addCredential', { authenticatorId, credential: { ...credential, ...change } })
  }

  const section = (page: Page) => page.getByRole('region', { name: 'Passkeys' })

  async function add(page: Page, name: string): Promise<void> {
    await section(page).getByRole('button', { name: 'Add a passkey' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a passkey' })
    await dialog.getByLabel('Name').fill(name)
    await page.keyboard.press('Enter')
    await section(page).getByText(name, { exact: true }).waitFor()
    await dialog.waitFor({ state: 'hidden' })
  }

  async function signOut(page: Page): Promise<void> {
    await page.context().clearCookies()
    await page.goto('/sign-in')
  }

  async function newOwner(options: object = {}) {
    const { page, context } = await fixture.visit()
    const authenticator = await plugIn(page, options)
    const person = newPerson()
    await openNewAccount(page, person)
    await add(page, 'my laptop')
    return { page, context, authenticator, person }
  }

  /** Whether the authenticator is touched by itself. Chromium decides this when a request begins. */
  async function setPresence({ cdp, id: authenticatorId }: VirtualAuthenticator, enabled: boolean): Promise<void> {
    await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
  }

  /** @returns what says of each request for a passkey of the page that is open whether it was aborted */
  async function watchRequests(page: Page): Promise<() => Promise<boolean[]>> {
    await page.addInitScript(() => {
      const asked: (AbortSignal | null | undefined)[] = []
      const get = navigator.credentials.get.bind(navigator.credentials)
      Object.assign(window, { asked })
      navigator.credentials.get = (options) => {
        asked.push(options?.signal)
        return get(options)
      }
    })
    return () =>
      page.evaluate(() => (window as unknown as { asked: AbortSignal[] }).asked.map(({ aborted }) => aborted))
  }

  const usePasskey = (page: Page) => page.getByRole('button', { name: 'Use a passkey' }).click()
  const account = (page: Page) => page.getByRole('heading', { level: 1, name: 'Your account' })
  const acrOf = async (username: string) =>
    (
      await sql<{ acr: string }>(
        `SELECT f.acr FROM refresh_token_families f JOIN users u ON u.id = f.user_id WHERE u.username = $1
         ORDER BY f.created_at DESC LIMIT 1`,
        [username]
      )
    )[0]?.acr

  test('one is added by keyboard, signs in without a name, is renamed, and is removed', async () => {
    const { page, authenticator, person } = await newOwner()
    expect(await problemsOf(page)).toEqual([])
    await section(page).getByRole('button', { name: 'Add a passkey' }).click()
    await page.getByRole('dialog', { name: 'Add a passkey' }).getByLabel('Name').waitFor()
    expect(await problemsOf(page)).toEqual([])
    await page.keyboard.press('Escape')
    // The field of the username offers it, too, and it would be used at once.
    await setPresence(authenticator, false)
    const requests = await watchRequests(page)
    await signOut(page)
    await expect.poll(requests).toEqual([false])
    await setPresence(authenticator, true)
    await page.getByRole('button', { name: 'Use a passkey' }).focus()
    await page.keyboard.press('Enter')
    await account(page).waitFor()
    expect(await acrOf(person.username)).toBe('urn:countersign:acr:2')
    await section(page).getByText('last used').waitFor()
    await section(page).getByRole('button', { name: 'Rename my laptop' }).click()
    const rename = page.getByRole('dialog', { name: 'Rename my laptop' })
    await rename.getByLabel('Name').fill('my phone')
    await page.keyboard.press('Enter')
    await section(page).getByText('my phone', { exact: true }).waitFor()
    await section(page).getByRole('button', { name: 'Remove my phone' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await section(page).getByText('You have no passkey yet.').waitFor()
    expect(fixture.complaints).toEqual([])
  })

  test('the field of the username offers it', async () => {
    const { page, person } = await newOwner()
    await signOut(page)
    // Chromium's authenticator chooses at once.
    await account(page).waitFor()
    expect(await acrOf(person.username)).toBe('urn:countersign:acr:2')
    expect(fixture.complaints).toEqual([])
  })

  test('the field of the username, whose options come late, does not end what the button began', async () => {
    const { page, authenticator } = await newOwner()
    await setPresence(authenticator, false)
    const requests = await watchRequests(page)
    let late: Route | undefined
    const hold = (route: Route) => {
      late = route
    }
    const options = '**/bff/session/passkey/options'
    await page.route(options, hold, { times: 1 })
    await signOut(page)
    await expect.poll(() => late !== undefined).toBe(true)
    await usePasskey(page)
    await expect.poll(requests).toEqual([false])
    const response = page.waitForResponse(options)
    await late?.continue()
    await (await response).finished()
    // Time in which the page would begin the request of the field.
    await delay(300)
    expect(await requests()).toEqual([false])
    expect(fixture.complaints).toEqual([])
  })

  test('what waits in the field ends with the page', async () => {
    const { page, authenticator } = await newOwner()
    await setPresence(authenticator, false)
    const requests = await watchRequests(page)
    await signOut(page)
    await expect.poll(requests).toEqual([false])
    await page.getByRole('link', { name: 'Create an account' }).click()
    await expect.poll(requests).toEqual([true])
  })

  test('it completes a sign-in with the password', async () => {
    const { page, person, authenticator } = await newOwner()
    await setPresence(authenticator, false)
    await signOut(page)
    await page.getByRole('textbox', { name: 'Username' }).fill(person.username)
    await page.getByLabel('Password', { exact: true }).fill(person.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Recovery code').waitFor()
    expect(await problemsOf(page)).toEqual([])
    await setPresence(authenticator, true)
    await usePasskey(page)
    await account(page).waitFor()
    await sql(
      `UPDATE refresh_token_families SET authenticated_at = now() - interval '1 hour'
       WHERE user_id = (SELECT id FROM users WHERE username = $1)`,
      [person.username]
    )
    aged = { page, at: performance.now() }
  })

  test('without user verification none is added, and none signs in', async () => {
    const { page, person, authenticator } = await newOwner()
    const { cdp, id: authenticatorId } = authenticator
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
    await signOut(page)
    await usePasskey(page)
    await page.getByText('No passkey was used.').waitFor()
    // A browser that lies about it: the service looks at what the authenticator signed.
    const status = await page.evaluate(async () => {
      const json = { 'content-type': 'application/json', 'x-countersign-csrf': '1' }
      const asked = await fetch('/bff/session/passkey/options', { method: 'POST', headers: json, body: '{}' })
      const { options } = await asked.json()
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({
        ...options,
        userVerification: 'discouraged'
      })
      const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential
      const body = JSON.stringify({ credential: credential.toJSON() })
      return (await fetch('/bff/session/passkey', { method: 'POST', headers: json, body })).status
    })
    expect(status).toBe(401)
    const { page: other } = await fixture.visit()
    await plugIn(other, { isUserVerified: false })
    const second = newPerson()
    await openNewAccount(other, second)
    await section(other).getByRole('button', { name: 'Add a passkey' }).click()
    await other.getByRole('dialog').getByRole('button', { name: 'Add a passkey' }).click()
    await other.getByText('No passkey was made.').waitFor()
    const rows = await sql('SELECT 1 FROM passkeys p JOIN users u ON u.id = p.user_id WHERE u.username = ANY($1)', [
      [person.username, second.username]
    ])
    expect(rows).toHaveLength(1)
  })

  test('its flags of backups may flip, and its counter may fall', async () => {
    const { page, person, authenticator } = await newOwner({ defaultBackupEligibility: true })
    const changes: Partial<Credential>[] = [
      { backupState: true },
      { backupState: false, signCount: 100 },
      { signCount: 0 },
      { signCount: 200, backupEligibility: false },
      { signCount: 3 }
    ]
    for (const change of changes) {
      await replace(authenticator, change)
      await signOut(page)
      await account(page).waitFor()
    }
    const events = await sql<{ detail: { from: number; to: number } }>(
      `SELECT e.detail FROM audit_events e JOIN users u ON u.id = e.user_id
       WHERE u.username = $1 AND e.type = 'passkey.counter_fell' ORDER BY e.at`,
      [person.username]
    )
    expect(events.map(({ detail: { from, to } }) => [from > 100, to < from])).toEqual([
      [expect.any(Boolean), true],
      [expect.any(Boolean), true]
    ])
  })

  test('a passkey that is not known here says so, and the browser is notified', async () => {
    const { page, person } = await newOwner()
    await sql('DELETE FROM passkeys WHERE user_id = (SELECT id FROM users WHERE username = $1)', [person.username])
    await page.addInitScript(() => {
      const signals: unknown[] = []
      Object.assign(window, { signals })
      Object.assign(PublicKeyCredential, {
        signalUnknownCredential: async (signal: unknown) => void signals.push(signal)
      })
    })
    await signOut(page)
    await page.getByText('This passkey was removed').first().waitFor()
    const [signal] = await page.evaluate(() => (window as unknown as { signals: object[] }).signals)
    expect(signal).toEqual({ rpId: 'localhost', credentialId: expect.any(String) })
  })

  test('a passkey that was refused in the field is asked for again only when the user acts', async () => {
    const { page, person } = await newOwner()
    await sql('DELETE FROM passkeys WHERE user_id = (SELECT id FROM users WHERE username = $1)', [person.username])
    let asked = 0
    page.on('request', (request) => {
      if (request.url().endsWith('/bff/session/passkey/options')) asked += 1
    })
    await page.addInitScript(() => {
      Object.assign(PublicKeyCredential, { signalUnknownCredential: undefined })
    })
    await signOut(page)
    await page.getByText('This passkey was removed').first().waitFor()
    await delay(1000)
    expect(asked).toBe(1)
    await page.getByRole('textbox', { name: 'Username' }).click()
    await expect.poll(() => asked).toBe(2)
  })

  test('pages of another origin get no passkey of this one', async () => {
    const { authenticator, context } = await newOwner()
    const [credential] = await credentialsOf(authenticator)
    const page = await context.newPage()
    const other = await plugIn(page)
    await other.cdp.send('WebAuthn.addCredential', {
      authenticatorId: other.id,
      credential: credential as Credential
    })
    // Another port of the domain may use the passkey, as browsers see it: the service refuses its origin.
    const port = await findLastingPort()
    await fixture.trio.startBff({ PORT: String(port), PUBLIC_URL: `http://localhost:${port}` })
    const refused = page.waitForResponse(
      (response) => response.url().endsWith('/bff/session/passkey') && response.status() === 401
    )
    await page.goto(`http://localhost:${port}/sign-in`)
    await refused
    await expectSignedOut(page)
  })

  // The last: meanwhile the others have run.
  test('it confirms a change in a session that is old', async () => {
    if (!aged) throw new Error('needs the session of an earlier test')
    const { page, at } = aged
    // The bff-service gets another access token, by the aged session, before the first one expires.
    await delay(at + 30_000 - performance.now())
    await page.reload()
    await section(page).getByRole('button', { name: 'Remove my laptop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await dialog.waitFor()
    expect(await problemsOf(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Use a passkey' }).click()
    await section(page).getByText('You have no passkey yet.').waitFor()
  }, 90_000)
})
