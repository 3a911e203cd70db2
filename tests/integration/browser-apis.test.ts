import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runningTimeOf } from '@countersign/testing'
import {
  type BrowserClient,
  type Credentials,
  cookieNames,
  createBrowserClient,
  post,
  register,
  type ServiceProcess,
  send,
  untilReady
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { type LiveApi, startLiveApi } from './fixtures/live-api.ts'

const reports = 'https://reports.example'
const stock = 'urn:example:stock'
const publicUrl = 'http://localhost:4002'

interface Seen {
  aud: string[]
  scope: string
  sub: string
}

describe.skipIf(!inject('docker'))('the bff-service in front of several APIs', () => {
  let fixture: Fixture
  let admin: string
  let folder: string
  let apis: Record<'reports' | 'stock' | 'first', LiveApi>
  let bff: ServiceProcess
  let user: Credentials & { id: string }
  let browser: BrowserClient

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-routes-'))
    fixture = await startFixture()
    const { issuer, audience } = fixture
    admin = await fixture.signInAdmin()
    apis = {
      first: await startLiveApi({ issuer, audience }),
      reports: await startLiveApi({ issuer, audience: reports }),
      stock: await startLiveApi({ issuer, audience: stock })
    }
    const scopes = (...names: string[]) => names.map((name) => ({ name, description: 'A sentence.' }))
    await made('/apis', { identifier: reports, scopes: scopes('reports:read', 'reports:write') })
    await made('/apis', { identifier: stock, scopes: scopes('stock:read') })
    const held = ['reports:read', 'reports:write'].map((scope) => ({ api: reports, scope }))
    await made('/roles', { name: 'reader', scopes: [...held, { api: stock, scope: 'stock:read' }] })
    const routes = [
      { prefix: '/api/reports', url: apis.reports.url, api: reports, scopes: ['reports:read'] },
      { prefix: '/stock', url: apis.stock.url, api: stock },
      { prefix: '/unknown', url: apis.stock.url, api: 'https://unknown.example' }
    ]
    const file = join(folder, 'routes.json')
    await writeFile(file, JSON.stringify({ routes }))
    bff = await fixture.trio.startBff({ PUBLIC_URL: publicUrl, API_URL: apis.first.url, ROUTES_FILE: file })
    await untilReady(bff)
    user = await reader()
    browser = createBrowserClient(publicUrl, bff.url)
    await browser.signIn(user)
  })
  afterAll(async () => {
    await Promise.all(Object.values(apis ?? {}).map((api) => api.close()))
    await fixture?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function made(path: string, body: object): Promise<void> {
    expect((await post(`${fixture.issuer}/admin${path}`, body, admin)).status).toBe(201)
  }
  const reader = async () => {
    const account = await register(fixture.issuer)
    const headers = { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify({ roles: ['reader'] })
    const response = await send(`${fixture.issuer}/admin/users/${account.id}`, { method: 'PATCH', headers, body })
    expect(response.status).toBe(200)
    return account
  }
  const signedIn = async () => {
    const client = createBrowserClient(publicUrl, bff.url)
    const { session_id: sessionId, user_id: userId } = await client.signIn(await reader())
    return { client, sessionUrl: `${fixture.issuer}/admin/users/${userId}/sessions/${sessionId}` }
  }
  const socketAt = (
    path: string,
    client: BrowserClient,
    headers: Record<string, string> = {},
    protocols: string[] = []
  ) => {
    const socket = new WebSocket(new URL(path, bff.url.replace('http', 'ws')), protocols, {
      headers: {
        Host: new URL(publicUrl).host,
        Origin: publicUrl,
        ...(client.cookie && { Cookie: `${cookieNames(publicUrl).session}=${client.cookie}` }),
        ...headers
      }
    })
    socket.on('error', () => {})
    onTestFinished(() => socket.terminate())
    return socket
  }
  const opened = async (path: string, client: BrowserClient) => {
    const socket = socketAt(path, client)
    await once(socket, 'open')
    return socket
  }
  const refusedWith = async (socket: WebSocket): Promise<number> => {
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    return response.statusCode as number
  }
  const closeOf = (connection: WebSocket | IncomingMessage) =>
    new Promise<void>((resolve) => void connection.once('close', () => resolve()))
  /** How long after the response to an act a connection ends, in milliseconds. */
  const endsWithin = async (connection: WebSocket | IncomingMessage, act: () => Promise<unknown>): Promise<number> => {
    const closed = closeOf(connection)
    await act()
    return runningTimeOf(() => closed)
  }

  describe('a route of the file', () => {
    test('gets a token for its own API, with the scopes that the file names, from the one session', async () => {
      const first = await browser.send<Seen>('GET', '/api/x')
      const atReports = await browser.send<Seen>('GET', '/api/reports/x')
      const atStock = await browser.send<Seen>('GET', '/stock/x')
      expect(first.body.aud).toEqual([fixture.audience, fixture.issuer])
      expect(atReports.body).toMatchObject({ aud: [reports], scope: 'reports:read', sub: user.id })
      expect(atStock.body).toMatchObject({ aud: [stock], scope: 'stock:read' })
      const again = await browser.send<Seen>('GET', '/api/x')
      expect(again.body).toEqual(first.body)
    })

    test('gets the same token again while it is valid, and pages that ask all APIs at once get all of them', async () => {
      const { client } = await signedIn()
      const paths = ['/api/x', '/api/reports/x', '/stock/x']
      const all = await Promise.all(Array.from({ length: 30 }, (_, at) => client.send('GET', paths[at % 3] as string)))
      expect(all.map(({ status }) => status)).toEqual(Array(30).fill(200))
      await client.send('GET', '/stock/x')
      const { authorization } = apis.stock.lastHeaders
      await client.send('GET', '/stock/x')
      expect(apis.stock.lastHeaders.authorization).toBe(authorization)
    })

    test('is 403 for a user without rights there, whose session goes on', async () => {
      const client = createBrowserClient(publicUrl, bff.url)
      await client.signIn(await register(fixture.issuer))
      const refused = await client.send('GET', '/api/reports/x')
      expect({ status: refused.status, body: refused.body }).toEqual({
        status: 403,
        body: {
          error: 'access_denied',
          error_description: 'This account has none of the rights that this API asks for.'
        }
      })
      expect((await client.send('GET', '/api/x')).status).toBe(200)
      expect((await client.send('GET', '/bff/session')).status).toBe(200)
    })

    test('is 503 when the issuer does not know its API, and the log names it', async () => {
      expect((await browser.send('GET', '/unknown/x')).status).toBe(503)
      await vi.waitUntil(() => bff.logs().includes('knows no API https://unknown.example'), { timeout: 10_000 })
    })
  })

  describe('a WebSocket', () => {
    test('passes in both directions, text and bytes, with the token and without the cookie', async () => {
      const socket = await opened('/api/reports/socket', browser)
      socket.send('hello')
      expect(String((await once(socket, 'message'))[0])).toBe('hello')
      const bytes = Buffer.alloc(300_000, 7)
      socket.send(bytes)
      expect(bytes.equals((await once(socket, 'message'))[0])).toBe(true)
      const { authorization, cookie, origin } = apis.reports.lastHeaders
      expect(authorization).toMatch(/^Bearer ey/)
      expect([cookie, origin]).toEqual([undefined, undefined])
    })

    test('keeps its subprotocol, and the reason of its end', async () => {
      const socket = socketAt('/stock/socket', browser, {}, ['chat', 'other'])
      await once(socket, 'open')
      expect(socket.protocol).toBe('chat')
      const closed = once(socket, 'close')
      socket.send('bye')
      const [code, reason] = await closed
      expect([code, String(reason)]).toEqual([4000, 'as asked'])
    })

    test.each([
      ['of another site', { Origin: 'https://evil.example' }, 403],
      ['that does not say where it is from', { Origin: '' }, 403],
      ['of another host', { Host: 'evil.example' }, 421],
      ['without a session', { Cookie: '' }, 401]
    ])('%s is refused, with %o', async (_what, headers, status) => {
      expect(await refusedWith(socketAt('/stock/socket', browser, headers as Record<string, string>))).toBe(status)
    })

    test('to a path that is no API is refused as any other request', async () => {
      expect(await refusedWith(socketAt('/bff/session', browser))).toBe(200)
      expect(await refusedWith(socketAt('/nowhere', browser))).toBe(404)
    })

    test('ends when its user signs out with this browser', async () => {
      const { client } = await signedIn()
      const socket = await opened('/stock/socket', client)
      expect(await endsWithin(socket, () => client.send('DELETE', '/bff/session'))).toBeLessThan(1000)
    })

    test('and a stream of events end within a second when their session is ended elsewhere', async () => {
      const { client, sessionUrl } = await signedIn()
      const socket = await opened('/stock/socket', client)
      const stream = await client.open('GET', '/api/reports/events')
      stream.on('error', () => {})
      expect(String((await once(stream, 'data'))[0])).toContain('event: hello')
      const headers = { Authorization: `Bearer ${admin}` }
      const end = () => send(sessionUrl, { method: 'DELETE', headers })
      const streamEnds = runningTimeOf(() => closeOf(stream))
      expect(await endsWithin(socket, end)).toBeLessThan(1000)
      expect(await streamEnds).toBeLessThan(2000)
      await vi.waitUntil(() => apis.stock.open === 0 && apis.reports.open === 0, { timeout: 10_000 })
    })
  })

  describe('the server of an app', () => {
    let app: Server
    let site: ServiceProcess
    let respond: (request: IncomingMessage, response: ServerResponse) => void

    beforeAll(async () => {
      app = createServer((request, response) => respond(request, response)).listen(0, '127.0.0.1')
      await once(app, 'listening')
      const appUrl = `http://127.0.0.1:${(app.address() as AddressInfo).port}`
      site = await fixture.trio.startBff({ PUBLIC_URL: publicUrl, API_URL: apis.first.url, APP_URL: appUrl })
      await untilReady(site)
    })
    afterAll(() => {
      app?.closeAllConnections()
      app?.close()
    })
    const visit = () => createBrowserClient(publicUrl, site.url)

    test('gets the request without the session, and knows the outside address', async () => {
      const seen: IncomingMessage[] = []
      respond = (request, response) => {
        seen.push(request)
        response.end()
      }
      const client = visit()
      await client.signIn(user)
      const { session } = cookieNames(publicUrl)
      await client.send('POST', '/orders?x=1', {
        headers: {
          Cookie: `${session}=${client.cookie}; theme=dark; countersign=${client.cookie}; __Host-countersign-device=x`,
          'X-Countersign-Forwarder-Key': 'x',
          'X-Forwarded-For': '203.0.113.7',
          Forwarded: 'for=203.0.113.7'
        },
        body: { order: 1 }
      })
      const [request] = seen
      expect([request?.method, request?.url]).toEqual(['POST', '/orders?x=1'])
      expect(request?.headers).toMatchObject({
        cookie: 'theme=dark',
        'content-type': 'application/json',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-host': 'localhost:4002',
        'x-forwarded-proto': 'http'
      })
      expect(request?.headers.host).toMatch(/^127\.0\.0\.1:/)
      for (const name of ['authorization', 'forwarded', 'x-countersign-forwarder-key']) {
        expect(request?.headers).not.toHaveProperty(name)
      }
    })

    test('sets cookies of its own and none of the site, and its redirects stay at the site', async () => {
      respond = (_request, response) => {
        const { session } = cookieNames(publicUrl)
        response.setHeader('Set-Cookie', [`${session}=stolen; Path=/`, 'theme=dark; Path=/', '__Host-countersign=x'])
        response.writeHead(302, { Location: `http://127.0.0.1:${(app.address() as AddressInfo).port}/next?a` }).end()
      }
      const { status, headers } = await visit().send('GET', '/old')
      expect({ status, location: headers.get('location') }).toEqual({ status: 302, location: '/next?a' })
      expect(headers.getSetCookie()).toEqual(['theme=dark; Path=/'])
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
    })

    test('gets nothing below the paths of the site, and is 503 while it is unavailable', async () => {
      respond = (_request, response) => void response.end('the app')
      expect((await visit().send('GET', '/bff/none')).status).toBe(404)
      expect((await visit().send('GET', '/account/auth/login')).status).toBe(404)
      expect((await visit().send('GET', '/countersign/assets/none.js')).status).toBe(404)
      expect((await visit().send<string>('GET', '/anything')).body).toBe('the app')
      respond = (request) => request.socket.destroy()
      const { status, body } = await visit().send('POST', '/anything')
      expect({ status, body }).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    })

    test('gets no WebSocket of another site', async () => {
      const socket = new WebSocket(site.url.replace('http', 'ws'), {
        headers: { Host: 'localhost:4002', Origin: 'https://evil.example' }
      })
      socket.on('error', () => {})
      expect(await refusedWith(socket)).toBe(403)
    })

    test('a request for another protocol that has a body is refused, and others are served without it', async () => {
      respond = (_request, response) => void response.end('the app')
      const upgrade = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': '' }
      const plain = await visit().send<string>('GET', '/x', { headers: upgrade })
      expect({ status: plain.status, body: plain.body }).toEqual({ status: 200, body: 'the app' })
      expect((await visit().send('POST', '/x', { headers: upgrade, body: { a: 1 } })).status).toBe(400)
    })
  })
})
