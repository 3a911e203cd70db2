import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MockProvider, startMockProvider, visit } from '../../../../tests/integration/fixtures/mock-provider.ts'
import { createOutboundFetch, type OutboundFetch } from '../../src/outbound/outbound-fetch.ts'
import { createProviderClient } from '../../src/providers/provider-client.ts'
import type { ProviderWithSecret } from '../../src/providers/provider-configurations.ts'

const microsoftOrigin = 'https://login.microsoftonline.com'
const redirectUri = 'https://pages.example.com/bff/providers/microsoft/callback'

let mock: MockProvider
beforeAll(async () => {
  mock = await startMockProvider({ issuer: `${microsoftOrigin}/{tenantid}/v2.0` })
})
afterAll(() => mock.stop())

const provider: ProviderWithSecret = {
  id: 'microsoft',
  kind: 'microsoft',
  name: 'Microsoft',
  issuer: `${microsoftOrigin}/common/v2.0`,
  clientId: 'our-client',
  secret: { kind: 'secret', secret: 'a secret' },
  scopes: ['openid', 'profile', 'email'],
  authoritativeDomains: [],
  trustsAmr: false,
  createdAt: new Date(0),
  changedAt: new Date(0),
  isEnabled: true
}

const toMock = (url: string) => url.replace(microsoftOrigin, mock.origin)
const direct = createOutboundFetch({ privateNetworks: 'allow' })
const outboundFetch: OutboundFetch = (url, request) => direct(toMock(url), request)

async function arrive(claims: Record<string, unknown>) {
  const client = createProviderClient(outboundFetch)
  const request = { redirectUri, state: randomUUID(), nonce: randomUUID(), verifier: 'v'.repeat(43), asksAgain: false }
  mock.claims = { sub: randomUUID(), ...claims }
  const parameters = await visit(toMock(await client.authorizationUrl(provider, request)))
  return client.identify(provider, { ...request, parameters })
}

test('an account of any tenant of Microsoft arrives with the issuer of its tenant', async () => {
  const [tid, oid] = [randomUUID(), randomUUID()]
  const iss = `${microsoftOrigin}/${tid}/v2.0`
  expect(await arrive({ tid, oid, iss })).toMatchObject({ issuer: iss, subject: oid })
})

test('an ID token that names another tenant than its issuer is refused', async () => {
  const oid = randomUUID()
  const refused = { code: 'invalid_provider_response' }
  const iss = `${microsoftOrigin}/${randomUUID()}/v2.0`
  await expect(arrive({ tid: randomUUID(), oid, iss })).rejects.toMatchObject(refused)
  await expect(arrive({ oid, iss })).rejects.toMatchObject(refused)
  await expect(arrive({ tid: randomUUID(), oid })).rejects.toMatchObject(refused)
})

test('an address that may not be requested is never connected to', async () => {
  const client = createProviderClient(createOutboundFetch({ privateNetworks: 'refuse' }))
  const request = { redirectUri, state: 's', nonce: 'n', verifier: 'v'.repeat(43), asksAgain: false }
  const inside = { ...provider, kind: 'oidc' as const, issuer: mock.origin }
  await expect(client.authorizationUrl(inside, request)).rejects.toMatchObject({ status: 503 })
})
