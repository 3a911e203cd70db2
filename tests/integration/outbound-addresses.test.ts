import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ClientKey,
  clientAssertion,
  makeClientKey,
  post,
  postForm,
  query,
  register,
  signIn,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { newApp } from './fixtures/app.ts'

const preload = new URL('fixtures/watched-sockets.mjs', import.meta.url).href

/** What others name, and the issuer requests: each caller of its one outbound fetch. The sockets of the process are watched. */
describe.skipIf(!inject('docker'))('addresses that others name', () => {
  let fixture: Fixture
  let folder: string
  let key: ClientKey
  let admin: string

  async function start(privateNetworks: 'refuse' | 'allow') {
    folder = mkdtempSync(join(tmpdir(), 'countersign-sockets-'))
    fixture = await startFixture({
      env: {
        PAGES_URL: 'https://pages.example.com',
        OUTBOUND_PRIVATE_NETWORKS: privateNetworks,
        WATCHED_SOCKETS: join(folder, 'sockets'),
        NODE_OPTIONS: `--import ${preload}`
      }
    })
    key = await makeClientKey()
    admin = await fixture.signInAdmin()
  }
  async function stop() {
    await fixture?.stop()
    rmSync(folder, { recursive: true })
  }
  /** Each as address and port. */
  const sockets = () => readFileSync(join(folder, 'sockets'), 'utf8').trim().split('\n')

  let count = 0
  /** Names the address in the way of this caller, and lets the issuer request it. @returns what came of it */
  const callers: Record<string, (url: string) => Promise<string>> = {
    'the keys of a client': async (url) => {
      const client = await fixture.newClient({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [key.publicJwk] }
      })
      await query(fixture.database.url, 'UPDATE clients SET jwks = NULL, jwks_uri = $2 WHERE id = $1', [
        client.client_id,
        url
      ])
      const assertion = await clientAssertion(key, { clientId: client.client_id, audience: fixture.issuer })
      const { body } = await postForm<{ error: string }>(`${fixture.issuer}/oauth/token`, {
        grant_type: 'client_credentials',
        ...assertion
      })
      return body.error
    },
    'the end of a session': async (url) => {
      const app = await newApp(fixture, { backchannel_logout_uri: 'https://app.example.com/logout' })
      const sql = 'UPDATE clients SET backchannel_logout_uri = $2 WHERE id = $1'
      await query(fixture.database.url, sql, [app.clientId, url])
      const { access_token: token } = await signIn(fixture.issuer, await register(fixture.issuer))
      const { sid } = unverifiedClaims((await app.tokensOf(token, 'openid')).access_token)
      await post(`${fixture.issuer}/auth/logout`, undefined, token)
      const lastError = async () => {
        const found = 'SELECT last_error FROM backchannel_logouts WHERE session_id = $1'
        return (await query<{ last_error: string | null }>(fixture.database.url, found, [sid]))[0]?.last_error
      }
      await expect.poll(lastError, { timeout: 20_000 }).toEqual(expect.any(String))
      return (await lastError()) as string
    },
    'the metadata of a provider': async (url) => {
      const id = `provider-${count++}`
      const body = {
        id,
        kind: 'oidc',
        name: id,
        issuer: `https://${id}.example.com`,
        client_id: 'a',
        client_secret: 'b'
      }
      const created = await post(`${fixture.issuer}/admin/providers`, body, admin)
      expect(created.status, JSON.stringify(created.body)).toBe(201)
      await query(fixture.database.url, 'UPDATE identity_providers SET issuer = $2 WHERE id = $1', [id, url])
      return (await post<{ error: string }>(`${fixture.issuer}/auth/providers/${id}/start`, {})).body.error
    }
  }
  const outcomes: Record<string, readonly string[]> = {
    'the keys of a client': ['temporarily_unavailable'],
    'the end of a session': ['refused address', 'EHOSTUNREACH'],
    'the metadata of a provider': ['provider_unavailable', 'temporarily_unavailable']
  }

  describe('where public addresses alone may be requested', () => {
    beforeAll(() => start('refuse'))
    afterAll(stop)

    const forbidden = [
      'http://127.0.0.1:9/',
      'https://127.0.0.1:9/',
      'https://localhost:9/',
      'https://2130706433:9/',
      'https://[::1]:9/',
      'https://0.0.0.0:9/',
      'https://10.0.0.1:9/',
      'https://192.168.1.1:9/',
      'https://100.64.0.1:9/',
      'https://169.254.169.254:9/latest/meta-data',
      'https://[fe80::1]:9/',
      'https://[fd00::1]:9/',
      'https://[::ffff:10.0.0.1]:9/',
      'https://[64:ff9b::a00:1]:9/',
      'https://private.test:9/',
      'https://link-local.test:9/',
      'https://mapped.test:9/',
      'https://mixed.test:9/',
      'http://public.test:9/'
    ]
    test.each(Object.keys(callers))('%s: no socket connects to one that is not', async (caller) => {
      await Promise.all(
        forbidden.map(async (url) => expect(outcomes[caller], url).toContain(await callers[caller]?.(url)))
      )
      expect(sockets().filter((line) => line.endsWith(' 9'))).toEqual([])
    })

    test.each(Object.keys(callers))(
      '%s: a name that changes its address leads to the one that was checked',
      async (caller) => {
        const before = sockets().length
        expect(outcomes[caller]).toContain(await callers[caller]?.('https://rebinding.test:9/'))
        const made = sockets()
          .slice(before)
          .filter((line) => line.endsWith(' 9'))
        // The name was public once: then for the first caller, and private ever since.
        expect(made).toEqual(caller === Object.keys(callers)[0] ? ['198.41.0.4 9'] : [])
      }
    )
  })

  describe('where private ones may be, too', () => {
    let server: Server
    let inside: Server
    let port: number

    beforeAll(async () => {
      inside = createServer((_, response) => void response.end('{}'))
      await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
      const insidePort = (inside.address() as AddressInfo).port
      server = createServer(({ url = '' }, response) => {
        if (url.startsWith('/redirect')) response.writeHead(302, { Location: `http://127.0.0.1:${insidePort}/` }).end()
        if (!url.startsWith('/huge')) return
        const more = setInterval(() => response.write(Buffer.alloc(256 * 1024, 'x')), 1)
        response.on('close', () => clearInterval(more))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      port = (server.address() as AddressInfo).port
      await start('allow')
    })
    afterAll(async () => {
      for (const one of [server, inside]) {
        one?.closeAllConnections()
        one?.close()
      }
      await stop()
    })

    test.each(Object.keys(callers))('%s: a redirect leads nowhere', async (caller) => {
      let reached = 0
      inside.on('connection', () => reached++)
      expect(await callers[caller]?.(`http://127.0.0.1:${port}/redirect`)).toEqual(expect.any(String))
      expect(sockets().some((line) => line === `127.0.0.1 ${port}`)).toBe(true)
      expect(reached).toBe(0)
    })

    test.each(Object.keys(callers))(
      '%s: a server that says nothing, or too much, is given up in time',
      async (caller) => {
        for (const path of ['silent', 'huge']) {
          // A body is not read where none is needed: then the status counts.
          if (path === 'huge' && caller === 'the end of a session') continue
          const begin = Date.now()
          expect(await callers[caller]?.(`http://127.0.0.1:${port}/${path}`), path).toEqual(expect.any(String))
          expect(Date.now() - begin, path).toBeLessThan(20_000)
        }
      }
    )
  })
})
