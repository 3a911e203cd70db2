import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { makeClientKey, usedSecrets } from '@countersign/testing/trio'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, type Fixture, hasBrowser, openFixture, signInOnPage } from './fixture.ts'

const run = promisify(execFile)

describe.skipIf(!hasBrowser)('the client form by what the client is', () => {
  let fixture: Fixture
  let page: Page
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-kinds-'))
    fixture = await openFixture()
    page = (await fixture.visit()).page
    await signInOnPage(page, admin(fixture.trio))
  })
  afterAll(async () => {
    await fixture?.close()
    await rm(folder, { recursive: true })
  })

  const openForm = async (kind: string, clientId?: string) => {
    await page.goto('/admin/clients')
    await page.getByRole('button', { name: 'New client' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('What it is').selectOption({ label: kind })
    if (clientId) await dialog.getByRole('textbox', { name: 'Client id' }).fill(clientId)
    return dialog
  }
  const add = async (dialog: Locator, label: string, text: string) => {
    await dialog.getByLabel(label, { exact: true }).fill(text)
    await dialog.getByLabel(label, { exact: true }).press('Enter')
  }
  const fileIn = (place: Page | Locator, label: string) =>
    place.getByRole('group', { name: label, exact: true }).textContent()
  const pills = (dialog: Locator) => dialog.locator('.mantine-Pill-label').allTextContents()
  /** Writes what the page shows, and lets Node look at it. */
  const saveFiles = async (place: Page | Locator) => {
    const env = ((await fileIn(place, '.env')) ?? '').replace(/^ISSUER=.*$/m, `ISSUER=${fixture.trio.auth.url}`)
    await writeFile(join(folder, '.env'), env)
    await writeFile(join(folder, 'program.mjs'), (await fileIn(place, 'Code')) ?? '')
    await run(process.execPath, ['--check', 'program.mjs'], { cwd: folder })
    return env
  }

  test('a service: the shown files get a token as they are, and its page shows that without being loaded again', async () => {
    const dialog = await openForm('A service that speaks for itself', 'orders')
    await dialog.getByLabel('How it authenticates itself').selectOption({ value: 'client_secret_basic' })
    await add(dialog, 'Audiences', 'https://stock.example')
    await add(dialog, 'Scopes', 'stock:read')
    await add(dialog, 'Scopes', 'stock:write')
    await dialog.getByRole('button', { name: 'Create client' }).click()
    const secret = await dialog.getByLabel('Client secret').inputValue()
    usedSecrets.add(secret)
    const env = await saveFiles(dialog)
    expect(env).toContain(`CLIENT_ID=orders\nCLIENT_SECRET=${secret}\nRESOURCE=https://stock.example\n`)
    expect(env).toContain('SCOPE="stock:read stock:write"\n')
    await dialog.getByRole('button', { name: 'I have copied it' }).click()
    await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor()
    expect(await page.content()).not.toContain(secret)
    await page.getByText('None seen yet.').waitFor()
    const { stdout } = await run(process.execPath, ['--env-file=.env', 'program.mjs'], { cwd: folder })
    expect(stdout).toBe('A token for 600 seconds\n')
    await page.getByRole('status').locator('time').waitFor()
    expect(await page.getByText('None seen yet.').count()).toBe(0)
  })

  test('a service that acts for users: begins with the exchange for users who sign in at the issuer', async () => {
    const dialog = await openForm('A service that acts for users (token exchange)', 'gateway')
    expect(await dialog.getByLabel('Token exchange').isChecked()).toBe(true)
    expect(await dialog.getByLabel('Client credentials').isChecked()).toBe(false)
    expect(await pills(dialog)).toEqual(['countersign'])
    const { publicJwk } = await makeClientKey()
    await dialog.getByLabel('Public keys (JWKS)').fill(JSON.stringify({ keys: [publicJwk] }))
    await add(dialog, 'Resources', 'https://gateway.example')
    await dialog.getByRole('button', { name: 'Add rule' }).click()
    await dialog.getByRole('textbox', { name: 'From the API' }).fill('https://gateway.example')
    await dialog.getByRole('textbox', { name: 'To the API' }).fill('https://stock.example')
    await add(dialog, 'With the scopes', 'stock:read')
    await dialog.getByRole('button', { name: 'Create client' }).click()
    await page.getByRole('heading', { level: 1, name: 'gateway' }).waitFor()
    await page.getByRole('group', { name: '.env' }).waitFor()
    expect(await saveFiles(page)).toContain(
      'CLIENT_ID=gateway\nCLIENT_KEY_FILE=gateway.pem\nRESOURCE=https://stock.example\nSCOPE=stock:read\n'
    )
    expect(await fileIn(page, 'Code')).toContain('await exchangeToken({')
  })

  test('an API that verifies tokens: begins with the right to follow the revoked ones', async () => {
    const dialog = await openForm('An API that verifies tokens', 'stock')
    const { publicJwk } = await makeClientKey()
    await dialog.getByLabel('Public keys (JWKS)').fill(JSON.stringify({ keys: [publicJwk] }))
    expect((await pills(dialog))[0]).toBe('revocations:read')
    await add(dialog, 'Resources', 'https://stock.example')
    await dialog.getByRole('button', { name: 'Create client' }).click()
    await page.getByRole('heading', { level: 1, name: 'stock' }).waitFor()
    await page.getByRole('group', { name: '.env' }).waitFor()
    expect(await saveFiles(page)).toContain('AUDIENCE=https://stock.example\n')
    expect(await fileIn(page, 'Code')).toContain('issuerRevocations({ token: tokens })')
  })

  test('a web app behind the bff-service: has nothing to register, and shows its settings at once', async () => {
    const dialog = await openForm('A web app behind the bff-service')
    await dialog.getByRole('group', { name: '.env' }).waitFor()
    expect(await saveFiles(dialog)).toMatch(/^PUBLIC_URL=.*\nAUTH_URL=.*\nAPI_URL=/)
    expect(await dialog.getByRole('button', { name: 'Create client' }).count()).toBe(0)
    await dialog.getByLabel('What it is').selectOption({ label: 'A service that speaks for itself' })
    await dialog.getByRole('button', { name: 'Create client' }).waitFor()
  })

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints).toEqual([])
  })
})
