import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { parseEnv, promisify } from 'node:util'
import type { TokenResponse } from '@countersign/oauth'
import {
  childEnvironment,
  createTestRedis,
  expectResponseWithin,
  findLastingPort,
  startTcpProxy,
  type TcpProxy
} from '@countersign/testing'
import {
  createClient,
  makeClientKey,
  post,
  register,
  send,
  signIn,
  startProcess,
  tokenExchange,
  untilReady,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import { exportPKCS8 } from 'jose'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { startLiveApi } from '../integration/fixtures/live-api.ts'
import {
  admin,
  createAccount,
  type Fixture,
  hasBrowser,
  newPerson,
  openFixture,
  sessionOf,
  signInOnPage
} from './fixture.ts'

const run = promisify(execFile)
const [gatewayApi, stockApi] = ['https://gateway.example', 'https://stock.example']

describe.skipIf(!hasBrowser)('the client form by what the client is', () => {
  let fixture: Fixture
  let page: Page
  let folder: string
  let adminToken: string
  /** The issuer and its first API are where the pages say that they are. */
  let proxies: { issuer: TcpProxy; firstApi: TcpProxy }
  let issuer: string
  let firstApi: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'client-kinds-'))
    await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
    const startProxy = () => startTcpProxy({ target: 'http://127.0.0.1:1' })
    proxies = { issuer: await startProxy(), firstApi: await startProxy() }
    issuer = `http://127.0.0.1:${proxies.issuer.port}`
    firstApi = `http://127.0.0.1:${proxies.firstApi.port}`
    fixture = await openFixture({ env: { ISSUER: issuer, API_AUDIENCE: firstApi } })
    proxies.issuer.retarget(fixture.trio.auth.url)
    adminToken = (await signIn(issuer, admin(fixture.trio))).access_token
    page = (await fixture.visit()).page
    await signInOnPage(page, admin(fixture.trio))
  })
  afterAll(async () => {
    await fixture?.close()
    await Promise.all(Object.values(proxies ?? {}).map((proxy) => proxy.close()))
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
  /** Writes what the page shows. @param more lines of the test below the code */
  const saveFiles = async (place: Page | Locator, more = '') => {
    const env = (await fileIn(place, '.env')) ?? ''
    await writeFile(join(folder, '.env'), env)
    await writeFile(join(folder, 'program.mjs'), `${await fileIn(place, 'Code')}${more}`)
    return env
  }
  const saveKey = async (clientId: string) => {
    const { privateKey, publicJwk } = await makeClientKey()
    await writeFile(join(folder, `${clientId}.pem`), await exportPKCS8(privateKey))
    return { keys: [publicJwk] }
  }
  const program = ['--env-file=.env', 'program.mjs']
  /** Runs the program to its end. @returns what it printed */
  const runProgram = async (variables: Record<string, string> = {}) => {
    const { stdout } = await run(process.execPath, program, { cwd: folder, env: childEnvironment(variables) })
    return stdout.trim()
  }
  const printsToken = (name: string) => `console.log(${name})\n`
  /** A token that a program printed. */
  const seen = (token: string) => {
    usedSecrets.add(token)
    return token
  }
  const answersTokens = `import { createInterface } from 'node:readline'
await verifier.ready()
for await (const token of createInterface({ input: process.stdin })) {
  console.log(await verifier.verify(token).then(({ sub }) => sub, ({ code }) => code))
}
`
  /** Starts a program that says of each token whose it is, or why it is rejected. */
  const startVerifier = () => {
    const child = spawn(process.execPath, program, {
      cwd: folder,
      env: childEnvironment({}),
      stdio: ['pipe', 'pipe', 'inherit']
    })
    onTestFinished(() => void child.kill())
    child.stdin.on('error', () => undefined) // it has ended: then there is no response
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    return async (token: string): Promise<string> => {
      child.stdin.write(`${token}\n`)
      return (await lines.next()).value
    }
  }
  const untilTokenIsSeen = () => page.getByRole('status').locator('time').waitFor()
  const asAdmin = async (path: string, body: object) =>
    expect((await post(`${issuer}/admin${path}`, body, adminToken)).status, path).toBe(201)
  /** A user of a role with rights at both APIs, and their token for the first of them. */
  const newBuyer = async () => {
    const user = await register(issuer)
    const headers = { Authorization: `Bearer ${adminToken}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ roles: ['buyer'] })
    expect((await send(`${issuer}/admin/users/${user.id}`, { method: 'PATCH', headers, body })).status).toBe(200)
    const { username, password } = user
    const login = { username, password, resource: gatewayApi }
    const { body: tokens } = await post<TokenResponse>(`${issuer}/auth/login`, login)
    const signOut = async () => {
      const { refresh_token } = tokens
      expect((await post(`${issuer}/auth/logout`, { refresh_token })).status).toBe(204)
    }
    return { id: user.id, token: seen(tokens.access_token), signOut }
  }

  test('a service: the shown files get a token as they are, and its page shows that without being loaded again', async () => {
    const dialog = await openForm('A service that acts on its own behalf', 'orders')
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
    expect(await runProgram()).toBe('A token for 600 seconds')
    await untilTokenIsSeen()
    expect(await page.getByText('None seen yet.').count()).toBe(0)
  })

  describe('with two APIs that a role gives rights at', () => {
    let acting: string
    let buyer: Awaited<ReturnType<typeof newBuyer>>

    beforeAll(async () => {
      const scopes = [
        { api: gatewayApi, scope: 'orders:write' },
        { api: stockApi, scope: 'stock:read' }
      ]
      for (const { api, scope } of scopes) {
        await asAdmin('/apis', { identifier: api, scopes: [{ name: scope, description: 'A sentence.' }] })
      }
      await asAdmin('/roles', { name: 'buyer', scopes })
      buyer = await newBuyer()
    })

    test('a service that acts for users: the shown files exchange the token of a user who signed in at the issuer', async () => {
      const dialog = await openForm('A service that acts for users (token exchange)', 'gateway')
      expect(await dialog.getByLabel('Token exchange').isChecked()).toBe(true)
      expect(await dialog.getByLabel('Client credentials').isChecked()).toBe(false)
      expect(await pills(dialog)).toEqual(['countersign'])
      await dialog.getByLabel('Public keys (JWKS)').fill(JSON.stringify(await saveKey('gateway')))
      await add(dialog, 'Resources', gatewayApi)
      await dialog.getByRole('button', { name: 'Add rule' }).click()
      await dialog.getByRole('textbox', { name: 'From the API' }).fill(gatewayApi)
      await dialog.getByRole('textbox', { name: 'To the API' }).fill(stockApi)
      await add(dialog, 'With the scopes', 'stock:read')
      await dialog.getByRole('button', { name: 'Create client' }).click()
      await page.getByRole('heading', { level: 1, name: 'gateway' }).waitFor()
      await page.getByRole('group', { name: '.env' }).waitFor()
      expect(await saveFiles(page, printsToken('accessToken'))).toContain(
        `CLIENT_ID=gateway\nCLIENT_KEY_FILE=gateway.pem\nRESOURCE=${stockApi}\nSCOPE=stock:read\n`
      )
      await page.getByText('None seen yet.').waitFor()
      acting = seen(await runProgram({ USER_TOKEN: buyer.token }))
      expect(unverifiedClaims(acting)).toMatchObject({
        sub: buyer.id,
        aud: [stockApi],
        scope: 'stock:read',
        act: { sub: 'gateway' }
      })
      await untilTokenIsSeen()
    })

    test('an API that verifies tokens: the shown files follow the revoked ones, and reject a token when its user signs out', async () => {
      const dialog = await openForm('An API that verifies tokens', 'stock')
      await dialog.getByLabel('Public keys (JWKS)').fill(JSON.stringify(await saveKey('stock')))
      expect((await pills(dialog))[0]).toBe('revocations:read')
      await add(dialog, 'Resources', stockApi)
      await dialog.getByRole('button', { name: 'Create client' }).click()
      await page.getByRole('heading', { level: 1, name: 'stock' }).waitFor()
      await page.getByRole('group', { name: '.env' }).waitFor()
      expect(await saveFiles(page, answersTokens)).toContain(`AUDIENCE=${stockApi}\n`)
      await page.getByText('None seen yet.').waitFor()
      const responseTo = startVerifier()
      expect(await responseTo(acting)).toBe(buyer.id)
      expect(await responseTo(buyer.token)).toBe('ERR_TOKEN_CLAIM')
      await buyer.signOut()
      await expectResponseWithin(1000, 'ERR_TOKEN_REVOKED', () => responseTo(acting))
      await untilTokenIsSeen()
    })

    test('the shown files of all three work with a secret instead of a key, and a key instead of a secret', async () => {
      const saveFilesOf = async (client: { client_id: string } & Record<string, unknown>, more: string) => {
        const { client_secret: secret } = await createClient(issuer, adminToken, client)
        await page.goto(`/admin/clients/${client.client_id}`)
        await page.getByRole('group', { name: '.env' }).waitFor()
        const env = await saveFiles(page, more)
        // A secret is shown when the client is created on the page, and never again.
        await writeFile(join(folder, '.env'), env.replace('"put the secret here"', secret))
      }
      const bySecret = { token_endpoint_auth_method: 'client_secret_basic' }
      const byKey = { token_endpoint_auth_method: 'private_key_jwt', jwks: await saveKey('orders-2') }
      const { id, token, signOut } = await newBuyer()

      const speaks = { audiences: [stockApi], scopes: ['stock:read'] }
      await saveFilesOf({ client_id: 'orders-2', ...byKey, ...speaks }, printsToken('token'))
      const own = seen(await runProgram())
      expect(unverifiedClaims(own)).toMatchObject({ sub: 'orders-2', aud: [stockApi], scope: 'stock:read' })

      const acts = {
        grant_types: [tokenExchange],
        may_act_for: ['countersign'],
        resources: [gatewayApi],
        exchange_rules: [{ from: gatewayApi, to: stockApi, scopes: ['stock:read'] }]
      }
      await saveFilesOf({ client_id: 'gateway-2', ...bySecret, ...acts }, printsToken('token'))
      const [said, acting = ''] = (await runProgram({ USER_TOKEN: token })).split('\n')
      expect(said).toMatch(/^A token for \d+ seconds$/)
      expect(unverifiedClaims(seen(acting))).toMatchObject({ sub: id, scope: 'stock:read', act: { sub: 'gateway-2' } })

      const verifies = { scopes: ['revocations:read'], audiences: [issuer], resources: [stockApi] }
      await saveFilesOf({ client_id: 'stock-2', ...bySecret, ...verifies }, answersTokens)
      const responseTo = startVerifier()
      expect(await responseTo(own)).toBe('orders-2')
      expect(await responseTo(acting)).toBe(id)
      await signOut()
      await expectResponseWithin(1000, 'ERR_TOKEN_REVOKED', () => responseTo(acting))
    })
  })

  describe('a web app behind the bff-service', () => {
    let env: string
    let snippet: string

    test('has nothing to register, and shows its settings at once', async () => {
      const dialog = await openForm('A web app behind the bff-service')
      await dialog.getByRole('group', { name: '.env' }).waitFor()
      env = (await fileIn(dialog, '.env')) ?? ''
      snippet = (await fileIn(dialog, 'Code')) ?? ''
      expect(await dialog.getByRole('button', { name: 'Create client' }).count()).toBe(0)
      await dialog.getByLabel('What it is').selectOption({ label: 'A service that acts on its own behalf' })
      await dialog.getByRole('button', { name: 'Create client' }).waitFor()
    })

    test.skipIf(!inject('docker'))(
      'signs a user in by a bff-service with the shown settings, and its code then reaches the API',
      async () => {
        const settings = parseEnv(env)
        expect(settings).toMatchObject({
          PUBLIC_URL: 'https://app.example.com',
          AUTH_URL: issuer,
          API_URL: firstApi,
          REDIS_URL: 'redis://localhost:6379'
        })
        const api = await startLiveApi({ issuer, audience: firstApi })
        onTestFinished(() => api.close())
        proxies.firstApi.retarget(api.url)
        const port = String(await findLastingPort())
        const site = `http://localhost:${port}`
        const bff = await startProcess('bff-service', 'services/bff-service/bundle/main.js', {
          ...(settings as Record<string, string>),
          // What is different on each machine.
          PUBLIC_URL: site,
          REDIS_URL: await createTestRedis(),
          ...{ HOST: '127.0.0.1', PORT: port, MANAGEMENT_PORT: '0', SHUTDOWN_DELAY_SECONDS: '0' }
        })
        onTestFinished(() => bff.stop())
        await untilReady(bff)

        const { page } = await fixture.visit({ baseURL: site })
        const runSnippet = () =>
          page.evaluate(`(async () => { ${snippet}; return response.ok ? response.json() : response.status })()`)
        await page.goto('/register')
        await page.getByRole('heading', { level: 1 }).waitFor()
        expect(await runSnippet()).toBe(401)
        await page.waitForURL(`${site}/sign-in`)
        const person = newPerson()
        await createAccount(issuer, person)
        await signInOnPage(page, person)
        expect(await runSnippet()).toMatchObject({ sub: (await sessionOf(page)).user_id })
        expect(page.url()).toBe(`${site}/`)
      }
    )
  })

  test('no page of all these has broken its policy or thrown', () => {
    expect(fixture.complaints).toEqual([])
  })
})
