import { readTestEnvironment } from '@countersign/testing'
import { register, signIn } from '@countersign/testing/trio'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { newApp } from '../integration/fixtures/app.ts'
import { type Fixture, startFixture } from './fixture.ts'
import { startCertifiedIssuer } from './oidc-differential/certified-issuer.ts'
import {
  type CodeIssuer,
  createOurCodes,
  createOurs,
  createTheirCodes,
  createTheirs,
  exchangeAt
} from './oidc-differential/contestants.ts'
import { explain, explainExchange, type Reason } from './oidc-differential/differences.ts'
import { type RandomExchange, randomExchanges } from './oidc-differential/exchanges.ts'
import {
  api,
  challenge,
  clients,
  nativeRedirect,
  type RandomRequest,
  randomRequests,
  redirectUri,
  verifier
} from './oidc-differential/requests.ts'

const { isSoak } = readTestEnvironment()
/** `DIFFERENTIAL_SEED` repeats the run for which a failure printed it. */
const seed = process.env.DIFFERENTIAL_SEED ? { seed: Number(process.env.DIFFERENTIAL_SEED) } : {}

describe.skipIf(!inject('docker'))('beside oidc-provider, certified by the OpenID Foundation', () => {
  let fixture: Fixture
  let certified: Awaited<ReturnType<typeof startCertifiedIssuer>>
  let ours: ReturnType<typeof createOurs>
  let theirs: ReturnType<typeof createTheirs>
  let codes: readonly [ours: CodeIssuer, theirs: CodeIssuer]

  beforeAll(async () => {
    certified = await startCertifiedIssuer()
    fixture = await startFixture({ env: { PAGES_URL: 'https://pages.example.com', TRUSTED_PROXY_HOPS: '1' } })
    const newUser = async () => (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
    const allowing = await newUser()
    const secrets = new Map<string, string>()
    for (const { id, method, type, redirectUri: redirect_uri, requiresPkce } of clients) {
      const app = await newApp(fixture, {
        client_id: id,
        token_endpoint_auth_method: method,
        application_type: type,
        redirect_uris: [redirect_uri],
        require_pkce: requiresPkce,
        scopes: ['things:read'],
        audiences: [api]
      })
      secrets.set(id, app.client_secret)
      const scope = 'openid profile email offline_access things:read'
      for (const resource of [undefined, api]) await app.authorize(allowing, { redirect_uri, scope, resource })
    }
    ours = createOurs(fixture.trio, { 'new user': await newUser(), 'user who allowed it': allowing })
    theirs = createTheirs(certified.issuer, certified.cookies)
    codes = [createOurCodes(fixture.trio, allowing, secrets), createTheirCodes(certified.issuer)]
  })
  afterAll(async () => {
    await certified?.stop()
    await fixture?.stop()
  })

  test('random authorization requests end the same way, but for the reasons that docs/standards.md gives', async () => {
    const seen = new Set<string>()
    const differing = new Set<Reason>()
    const property = fc.asyncProperty(randomRequests, async (request) => {
      const [here, there] = [await ours(request), await theirs(request)]
      seen.add(here)
      if (here === there) return
      const reasons = explain(request, here, there)
      for (const reason of reasons ?? []) differing.add(reason)
      expect(reasons, `here: ${here}; there: ${there}`).toBeDefined()
    })
    // Chance alone would bring too few of it.
    const parameters = Object.entries({ ...good, prompt: 'none' })
    const examples: [RandomRequest][] = [[{ session: 'new user', method: 'GET', parameters }]]
    await fc.assert(property, { numRuns: isSoak ? 10_000 : 600, examples, ...seed })
    // It would prove little if all of them were refused.
    for (const outcome of [
      'client code',
      'asks consent',
      'asks login',
      'page invalid_redirect_uri',
      'client consent_required'
    ])
      expect(seen).toContain(outcome)
    if (isSoak) expect([...differing]).toEqual(expect.arrayContaining(Object.keys(changes)))
  }, 600_000)

  test('random exchanges of codes end the same way, but for the reasons that docs/standards.md gives', async () => {
    const seen = new Set<string>()
    const property = fc.asyncProperty(randomExchanges, async (exchange) => {
      const [here, there] = [await exchangeAt(codes[0], exchange), await exchangeAt(codes[1], exchange)]
      seen.add(here)
      if (here !== there) expect(explainExchange(exchange, here, there), `here: ${here}; there: ${there}`).toBeDefined()
    })
    // Chance alone would bring too few of it.
    const parameters = { grant_type: 'authorization_code', redirect_uri: redirectUri, code_verifier: verifier }
    const withoutCode = {
      clientId: 'web',
      hasChallenge: true,
      code: 'none',
      authentication: 'right',
      parameters
    } as const
    await fc.assert(property, { numRuns: isSoak ? 1000 : 50, examples: [[withoutCode]], ...seed })
    for (const outcome of ['200 ID token refresh token', '400 invalid_grant', '400 invalid_request'])
      expect(seen).toContain(outcome)
  }, 600_000)

  const good = {
    client_id: 'single-page',
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256'
  }
  const changes: Record<
    Exclude<Reason, 'twiceMode' | 'twiceUnknown' | 'emptySecret' | 'grantFirst'>,
    Record<string, string | undefined>
  > = {
    order: { registration: '{}', response_type: undefined },
    fragment: { response_type: 'token' },
    responseMode: { response_mode: 'nonsense' },
    responseType: { response_type: 'none' },
    pushed: { request_uri: 'urn:ietf:params:oauth:request_uri:unknown' },
    missing: { redirect_uri: undefined },
    withoutOpenid: { scope: 'things:read', nonce: 'the nonce' },
    hint: { id_token_hint: 'no id token' },
    noScope: { scope: 'profile' },
    dpopJkt: { dpop_jkt: 'no thumbprint' },
    maxAge: { max_age: '0x10' },
    native: { client_id: 'native', redirect_uri: nativeRedirect, prompt: 'none' }
  }

  test.each(Object.entries(changes) as [Reason, Record<string, string | undefined>][])(
    'a request shows the reason "%s"',
    async (reason, changed) => {
      const parameters = Object.entries({ ...good, ...changed }).filter(
        (pair): pair is [string, string] => pair[1] !== undefined
      )
      await expectDifference({ session: 'user who allowed it', method: 'GET', parameters }, reason)
    }
  )

  test.each([
    ['twiceMode', ['response_mode', 'form_post']],
    ['twiceUnknown', ['unknown_parameter', 'one']]
  ] as const)('a request shows the reason "%s"', async (reason, pair) => {
    const parameters = [...(Object.entries(good) as [string, string][]), pair, pair]
    await expectDifference({ session: 'nobody', method: 'GET', parameters }, reason)
  })

  async function expectDifference(request: RandomRequest, reason: Reason): Promise<void> {
    const [here, there] = [await ours(request), await theirs(request)]
    expect(here).not.toBe(there)
    expect(explain(request, here, there), `here: ${here}; there: ${there}`).toContain(reason)
  }

  test.each<[Reason, Partial<RandomExchange>, Record<string, string | undefined>]>([
    ['emptySecret', { authentication: 'empty secret' }, {}],
    ['grantFirst', { authentication: 'wrong secret' }, { grant_type: 'nonsense' }],
    ['order', { code: 'unknown' }, { code_verifier: 'v'.repeat(42) }]
  ])('an exchange shows the reason "%s"', async (reason, changed, parameters) => {
    const exchange: RandomExchange = {
      clientId: 'web',
      hasChallenge: true,
      code: 'fresh',
      authentication: 'right',
      ...changed,
      parameters: {
        grant_type: 'authorization_code',
        redirect_uri: redirectUri,
        code_verifier: challenge,
        ...parameters
      }
    }
    const [here, there] = [await exchangeAt(codes[0], exchange), await exchangeAt(codes[1], exchange)]
    expect(here).not.toBe(there)
    expect(explainExchange(exchange, here, there)).toBe(reason)
  })
})
