import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTestRedis, findLastingPort } from '@countersign/testing'
import { get, makeClientKey, post, register, signIn } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import {
  apacheModule,
  type FrontProxy,
  isInstalled,
  startApache,
  startHaproxy,
  startNginx
} from '../integration/fixtures/front-proxy.ts'
import { type Fixture, signInWithProof, startFixture } from './fixture.ts'
import { canRunFollower, python, startFollower } from './follower-process.ts'
import { forgeries } from './forgeries.ts'
import {
  codeBlock,
  exampleFile,
  hasGo,
  hasPython,
  hasRuby,
  type Verdicts,
  verifyWithGo,
  verifyWithPython,
  verifyWithRuby
} from './page-examples.ts'
import { startTlsFront } from './tls-front.ts'

const run = promisify(execFile)
const [hasHaproxy, hasNginx] = [isInstalled('haproxy'), isInstalled('nginx')]
const hasApache = isInstalled('apache2') && existsSync(apacheModule('auth_openidc'))

/** What docs/verifiers-in-other-languages.md says of each, as it stands there. */
describe.skipIf(!inject('docker'))('docs/verifiers-in-other-languages.md', () => {
  let fixture: Fixture
  let redisUrl: string
  let tokens: Record<string, string>
  /** What stands in the page, and what stands for it here. */
  let replaced: Record<string, string>
  let accepting: Record<'those that know revocations' | 'the others', Verdicts>

  beforeAll(async () => {
    redisUrl = await createTestRedis()
    fixture = await startFixture({ ownRedisUrl: redisUrl })
    replaced = {
      'http://localhost:4000': fixture.issuer,
      'http://localhost:4001': fixture.audience,
      'redis://localhost:6379': redisUrl
    }
    tokens = await makeTokens()
    const none = Object.fromEntries(Object.keys(tokens).map((name) => [name, false]))
    accepting = {
      'those that know revocations': { ...none, good: true },
      'the others': { ...none, good: true, revoked: true }
    }
  })
  afterAll(() => fixture?.stop())

  async function makeTokens(): Promise<Record<string, string>> {
    const newSession = async () => (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
    const [good, revoked] = [await newSession(), await newSession()]
    expect((await post(`${fixture.issuer}/auth/logout`, undefined, revoked)).status).toBe(204)
    const now = Math.floor(Date.now() / 1000)
    const { body } = await get<{ keys: JsonWebKey[] }>(`${fixture.issuer}/.well-known/jwks.json`)
    const forged = Object.entries(forgeries).map(([name, forge]) => [name, forge(good, body.keys[0] as never)])
    return {
      good,
      revoked,
      expired: await fixture.signAsIssuer({ iat: now - 700, exp: now - 100 }),
      'without exp': await fixture.signAsIssuer({ exp: undefined }),
      'of another issuer': await fixture.signAsIssuer({ iss: `${fixture.issuer}/` }),
      'for another audience': await fixture.signAsIssuer({ aud: [`${fixture.audience}/`, fixture.issuer] }),
      'of the type of ID tokens': await fixture.signAsIssuer({}, { typ: 'JWT' }),
      'without type': await fixture.signAsIssuer({}, { typ: undefined }),
      'without client_id': await fixture.signAsIssuer({ client_id: undefined }),
      'bound to a key': (await signInWithProof(fixture, await register(fixture.issuer), await makeClientKey()))
        .access_token,
      ...Object.fromEntries(forged)
    }
  }

  test.skipIf(!hasPython('jwt', 'cryptography'))('PyJWT', async () => {
    const verdicts = await verifyWithPython(codeBlock('PyJWT', 'python', replaced), tokens)
    expect(verdicts).toEqual(accepting['the others'])
  })

  test.skipIf(!canRunFollower)('the follower in a program', async () => {
    const verdicts = await verifyWithPython(codeBlock('PyJWT', 'python', replaced, 1), tokens)
    expect(verdicts).toEqual(accepting['those that know revocations'])
  })

  test.skipIf(!hasPython('authlib', 'requests'))('Authlib', async () => {
    expect(await verifyWithPython(codeBlock('Authlib', 'python', replaced), tokens)).toEqual(accepting['the others'])
  })

  test.skipIf(!hasPython('jose'))('python-jose', async () => {
    expect(await verifyWithPython(codeBlock('python-jose', 'python', replaced), tokens)).toEqual(
      accepting['the others']
    )
  })

  test.skipIf(!hasRuby('jwt'))('ruby-jwt', async () => {
    expect(await verifyWithRuby(codeBlock('ruby-jwt', 'ruby', replaced), tokens)).toEqual(accepting['the others'])
  })

  test.skipIf(!hasGo('github.com/coreos/go-oidc'))('go-oidc', async () => {
    const program = exampleFile('go-oidc.go', replaced)
    const verdicts = await verifyWithGo(program, 'verify(context.Background(), token)', tokens)
    expect(verdicts).toEqual(accepting['the others'])
  })

  test.skipIf(!hasGo('github.com/golang-jwt/jwt'))('golang-jwt', async () => {
    const verdicts = await verifyWithGo(exampleFile('golang-jwt.go', replaced), 'verify(token)', tokens)
    expect(verdicts).toEqual(accepting['the others'])
  })

  describe('proxies', () => {
    /** The API behind them responds with the subject that it was sent. */
    const api = createServer(({ headers }, response) => response.end(String(headers['x-subject'])))
    let apiAddress: string
    let port: number

    beforeAll(async () => {
      await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
      apiAddress = `127.0.0.1:${(api.address() as AddressInfo).port}`
      port = await findLastingPort()
    })
    afterAll(() => {
      api.close()
    })

    const ask = (token: string) =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { Authorization: `Bearer ${token}`, 'X-Subject': 'mallory' } })
    async function verifyAll(): Promise<Verdicts> {
      const verdicts: Verdicts = {}
      for (const [name, token] of Object.entries(tokens)) {
        const { status } = await ask(token)
        expect([200, 401, 503], name).toContain(status)
        verdicts[name] = status === 200
      }
      return verdicts
    }
    const stopsAfterTest = (proxy: FrontProxy) => onTestFinished(() => proxy.stop())

    test.skipIf(!hasNginx || !canRunFollower)('nginx', async () => {
      const follower = await startFollower({ issuer: fixture.issuer, audience: fixture.audience, redisUrl })
      onTestFinished(() => follower.stop())
      const settings = codeBlock('nginx', 'nginx', {
        'listen 8080': `listen 127.0.0.1:${port}`,
        '127.0.0.1:3000': apiAddress,
        '127.0.0.1:4010': new URL(follower.url).host
      })
      stopsAfterTest(await startNginx(settings, port))
      await expect.poll(async () => (await ask(tokens.good as string)).status).toBe(200)
      expect(await verifyAll()).toEqual(accepting['those that know revocations'])
      expect(await (await ask(tokens.good as string)).text()).toMatch(/^[0-9a-f-]{36}$/)
      const refused = await ask(tokens.revoked as string)
      expect(refused.headers.get('WWW-Authenticate')).toBe('Bearer error="invalid_token"')
      await follower.stop()
      expect((await ask(tokens.good as string)).status).toBe(503)
    })

    test.skipIf(!hasHaproxy || !hasPython('jwt', 'cryptography'))('HAProxy', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'countersign-keys-'))
      onTestFinished(() => rm(folder, { recursive: true }))
      const texts = {
        ...replaced,
        '/etc/haproxy/countersign': folder,
        'bind :8080': `bind 127.0.0.1:${port}`,
        '127.0.0.1:3000': apiAddress
      }
      const fetchKeys = () => run(python, ['-c', exampleFile('countersign_pem.py', texts)])
      await fetchKeys()
      stopsAfterTest(await startHaproxy(codeBlock('HAProxy', 'haproxy', texts), port))
      expect(await verifyAll()).toEqual(accepting['the others'])
      expect(await (await ask(tokens.good as string)).text()).toMatch(/^[0-9a-f-]{36}$/)
      // Nothing has changed, and so nothing is to be reloaded.
      await expect(fetchKeys()).rejects.toMatchObject({ code: 1, stderr: '' })
    })

    test.skipIf(!hasApache)('mod_auth_openidc', async () => {
      const client = await fixture.newClient({
        client_id: 'gateway',
        grant_types: [],
        audiences: [],
        resources: [fixture.audience]
      })
      const tls = await startTlsFront(fixture.issuer)
      onTestFinished(tls.stop)
      const settings = codeBlock('mod_auth_openidc', 'apache', {
        ...replaced,
        'https://auth.example.com/oauth': `${tls.url}/oauth`,
        'https://auth.example.com': fixture.issuer,
        css_SECRET: client.client_secret,
        '127.0.0.1:3000': apiAddress
      })
      const modules = [
        'mpm_event',
        'authn_core',
        'authz_core',
        'authz_user',
        'headers',
        'proxy',
        'proxy_http',
        'auth_openidc'
      ]
      stopsAfterTest(await startApache(`OIDCCABundlePath ${tls.certificate}\n${settings}`, port, modules))
      expect(await verifyAll()).toEqual(accepting['those that know revocations'])
      expect(await (await ask(tokens.good as string)).text()).toMatch(/^[0-9a-f-]{36}$/)
      const { access_token: token } = await signIn(fixture.issuer, await register(fixture.issuer))
      expect((await ask(token)).status).toBe(200)
      await post(`${fixture.issuer}/auth/logout`, undefined, token)
      expect((await ask(token)).status).toBe(401)
    })
  })
})
