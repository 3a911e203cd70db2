import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findLastingPort } from '@countersign/testing'
import { get, makeClientKey, post, register, send, signIn } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type FrontProxy, isInstalled, startHaproxy, startNginx } from '../integration/fixtures/front-proxy.ts'
import { type Fixture, signInWithProof, startFixture } from './fixture.ts'

const page = readFileSync(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8')
const reports = 'https://reports.example'

/** What docs/forward-auth.md says of the route and of the proxies, as it stands there. */
describe('docs/forward-auth.md', () => {
  let fixture: Fixture
  let service: Server
  let admin: string
  let received: IncomingHttpHeaders | undefined
  let tokens: Record<'good' | 'without the scope' | 'for another API' | 'bound', string>

  beforeAll(async () => {
    fixture = await startFixture()
    service = createServer((request, response) => {
      received = request.headers
      response.end('from the service')
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    admin = await fixture.signInAdmin()
    const scopes = ['reports:read', 'reports:write'].map((name) => ({ name, description: 'Reports' }))
    await call('POST', '/apis', { identifier: reports, carries_roles: true, scopes })
    for (const { name } of scopes) {
      await call('POST', '/roles', { name: name.replace(':', '-'), scopes: [{ api: reports, scope: name }] })
    }
    const user = await register(fixture.issuer)
    const { access_token: bound } = await signInWithProof(fixture, user, await makeClientKey())
    tokens = {
      good: await tokenOf('reports-read'),
      'without the scope': await tokenOf('reports-write'),
      'for another API': (await signIn(fixture.issuer, await register(fixture.issuer))).access_token,
      bound
    }
  })
  afterAll(async () => {
    service?.close()
    await fixture?.stop()
  })

  const call = (method: string, path: string, body: object) =>
    send(`${fixture.issuer}/admin${path}`, {
      method,
      headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    })
  /** A token for the reports, of a new user with this role. */
  const tokenOf = async (role: string) => {
    const { id, username, password } = await register(fixture.issuer)
    await call('PATCH', `/users/${id}`, { roles: [role] })
    const body = { username, password, resource: reports }
    return (await post<{ access_token: string }>(`${fixture.issuer}/auth/login`, body)).body.access_token
  }
  const asked = (query: string, token?: string) => get(`${fixture.issuer}/forward-auth${query}`, token)
  const query = `?audience=${encodeURIComponent(reports)}`

  test('a valid token is 200, and the headers say whose it is', async () => {
    const response = await asked(`${query}&scope=reports:read&role=reports-read`, tokens.good)
    expect(response).toMatchObject({ status: 200, body: { client_id: 'countersign', scope: 'reports:read' } })
    expect(response.headers.get('X-Subject')).toBe((response.body as { sub: string }).sub)
    expect(response.headers.get('X-Client-Id')).toBe('countersign')
    expect(response.headers.get('X-Scope')).toBe('reports:read')
    expect(response.headers.get('X-Roles')).toBe('reports-read')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  test('an invalid token is 401, a missing scope or role 403, and a wrong query 400', async () => {
    for (const [more, token, status] of [
      ['', undefined, 401],
      ['', 'nonsense', 401],
      ['', tokens['for another API'], 401],
      ['', tokens.bound, 401],
      ['&scope=reports:read', tokens['without the scope'], 403],
      ['&scope=reports:read%20reports:write', tokens.good, 403],
      ['&role=admin', tokens.good, 403],
      ['&scope=', tokens.good, 400],
      ['&audience=twice', tokens.good, 400],
      ['&unknown=1', tokens.good, 400]
    ] as const) {
      const response = await asked(query + more, token)
      expect(response.status, `${more} ${token?.slice(0, 20)}`).toBe(status)
      if (status === 401) expect(response.headers.get('WWW-Authenticate')).toMatch(/^(?:Bearer|DPoP) /)
      expect(response.headers.get('X-Subject')).toBeNull()
    }
    expect((await asked('', tokens.good)).status).toBe(400)
  })

  /** A code block of a section, with the addresses of this test. */
  function blockOf(section: string, language: string, replaced: Record<string, string>): string {
    const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) ?? ''
    const block = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(text)?.[1]
    if (block === undefined) throw new Error(`the page has no block of ${language} under ${section}`)
    return Object.entries(replaced).reduce((changed, [from, to]) => changed.replaceAll(from, to), block)
  }

  const addressOf = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`
  const replacements = (port: number) => ({
    'listen 8080': `listen 127.0.0.1:${port}`,
    'bind :8080': `bind 127.0.0.1:${port}`,
    '127.0.0.1:3000': addressOf(service),
    '127.0.0.1:4000': new URL(fixture.trio.auth.url).host,
    'http://localhost:4001': reports
  })

  async function expectVerdicts(port: number): Promise<void> {
    const ask = async (token?: string) => {
      received = undefined
      const headers = { 'X-Subject': 'forged', 'X-Roles': 'admin', ...(token && { Authorization: `Bearer ${token}` }) }
      const { status, headers: responseHeaders } = await fetch(`http://127.0.0.1:${port}/some/path?x=1`, { headers })
      return { status, challenge: responseHeaders.get('WWW-Authenticate') }
    }
    await expect.poll(async () => (await ask(tokens.good)).status).toBe(200)
    expect(received).toMatchObject({
      'x-client-id': 'countersign',
      'x-scope': 'reports:read',
      'x-roles': 'reports-read'
    })
    expect(received?.['x-subject']).toMatch(/^[0-9a-f-]{36}$/)
    for (const token of [undefined, 'nonsense', tokens['for another API'], tokens.bound]) {
      expect(await ask(token)).toMatchObject({ status: 401, challenge: expect.stringMatching(/^(?:Bearer|DPoP) /) })
      expect(received).toBeUndefined()
    }
    expect((await ask(tokens['without the scope'])).status).toBe(403)
    expect(received).toBeUndefined()
    const { sid } = JSON.parse(Buffer.from(tokens.good.split('.')[1] as string, 'base64url').toString())
    const { body } = await get<{ sub: string }>(`${fixture.issuer}/forward-auth${query}`, tokens.good)
    const ended = await send(`${fixture.issuer}/admin/users/${body.sub}/sessions/${sid}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${admin}` }
    })
    expect(ended.status).toBe(204)
    await expect.poll(async () => (await ask(tokens.good)).status, { timeout: 1000 }).toBe(401)
  }

  const stopsAfterTest = (proxy: FrontProxy) => onTestFinished(() => proxy.stop())

  test.skipIf(!isInstalled('nginx'))('nginx', async () => {
    // Its session ends in the test.
    tokens.good = await tokenOf('reports-read')
    const port = await findLastingPort()
    stopsAfterTest(await startNginx(blockOf('nginx', 'nginx', replacements(port)), port))
    await expectVerdicts(port)
  })

  test.skipIf(!isInstalled('haproxy'))('HAProxy', async () => {
    // Its session ends in the test.
    tokens.good = await tokenOf('reports-read')
    const port = await findLastingPort()
    const folder = await mkdtemp(join(tmpdir(), 'countersign-lua-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const script = join(folder, 'countersign.lua')
    await writeFile(script, blockOf('HAProxy', 'lua', replacements(port)))
    const settings = blockOf('HAProxy', 'haproxy', { ...replacements(port), '/etc/haproxy/countersign.lua': script })
    stopsAfterTest(await startHaproxy(settings, port))
    await expectVerdicts(port)
  })
})
