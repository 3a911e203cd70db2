import { beforeEach, describe, expect, test } from 'vitest'
import { type ClientCache, createClientCache } from '../../../src/clients/client-cache.ts'
import type { ConfirmedClient } from '../../../src/clients/client-store.ts'

const confirmed = (id: string, credentialId = `credential of ${id}`): ConfirmedClient => ({
  id,
  credentialId,
  name: id,
  authMethod: 'client_secret_basic',
  jwks: null,
  jwksUri: null,
  grantTypes: ['client_credentials'],
  scopes: [],
  audiences: [],
  resources: [],
  mayActFor: [],
  mayCarryRoles: false,
  mayUnbindTokens: false,
  exchangeRules: [],
  accessTokenTtlSeconds: null,
  applicationType: 'web',
  redirectUris: [],
  postLogoutRedirectUris: [],
  backchannelLogoutUri: null,
  logoUri: null,
  policyUri: null,
  tosUri: null,
  requirePkce: true,
  isFirstParty: false,
  idTokenTtlSeconds: null,
  createdAt: new Date(0),
  disabledAt: null,
  firstTokenAt: null,
  secretIds: [],
  secretHashes: [],
  issuedAt: 1_000_000,
  signingKid: 'kid-1'
})

describe('cached clients', () => {
  let now: number
  let reads: number
  let response: (id: string) => Promise<ConfirmedClient | undefined>
  let clients: ClientCache

  const start = (seconds = 10) => {
    clients = createClientCache({
      store: {
        findEnabled(id) {
          reads++
          return response(id)
        }
      },
      seconds,
      monotonic: () => now
    })
    clients.setFollowing(true)
  }
  beforeEach(() => {
    now = 5000
    reads = 0
    response = async (id) => confirmed(id)
    start()
  })

  test('are cached for the configured time, with the current moment', async () => {
    expect(clients.getCached('a')).toBeUndefined()
    await clients.findEnabled('a')
    now += 2600
    expect(clients.getCached('a')).toMatchObject({ id: 'a', issuedAt: 1_000_002, isCached: true })
    now += 7400
    expect(clients.getCached('a')).toMatchObject({ issuedAt: 1_000_010 })
    now += 1
    expect(clients.getCached('a')).toBeUndefined()
    expect(reads).toBe(1)
  })

  test('are forgotten when the denylist names their credential id, and all that one key signs for when it names the key', async () => {
    await clients.findEnabled('a')
    await clients.findEnabled('b')
    clients.forget('credential of a')
    expect(clients.getCached('a')).toBeUndefined()
    expect(clients.getCached('b')).toBeDefined()
    await clients.findEnabled('a')
    clients.forget('kid-1')
    expect([clients.getCached('a'), clients.getCached('b')]).toEqual([undefined, undefined])
  })

  test('are not remembered when they are denied while they are being read', async () => {
    let release = (_: ConfirmedClient) => {}
    response = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const reading = clients.findEnabled('a')
    clients.forget('credential of a')
    clients.forget('something else')
    release(confirmed('a'))
    expect(await reading).toMatchObject({ id: 'a' })
    expect(clients.getCached('a')).toBeUndefined()
  })

  test('are not remembered while the denylist is not followed', async () => {
    await clients.findEnabled('a')
    clients.setFollowing(false)
    expect(clients.getCached('a')).toBeUndefined()
    await clients.findEnabled('a')
    expect(clients.getCached('a')).toBeUndefined()
    clients.setFollowing(true)
    expect(clients.getCached('a')).toBeUndefined()
    await clients.findEnabled('a')
    expect(clients.getCached('a')).toBeDefined()
  })

  test('are dropped when the database no longer has them, or has another credential id', async () => {
    await clients.findEnabled('a')
    response = async (id) => confirmed(id, 'another credential')
    await clients.findEnabled('a')
    clients.forget('credential of a')
    expect(clients.getCached('a')).toMatchObject({ credentialId: 'another credential' })
    clients.forget('another credential')
    expect(clients.getCached('a')).toBeUndefined()
  })

  test('are none when they may be remembered for 0 seconds, and never too many', async () => {
    for (let at = 0; at < 10_001; at++) await clients.findEnabled(`client-${at}`)
    expect(clients.getCached('client-0')).toBeUndefined()
    expect(clients.getCached('client-1')).toBeDefined()
    start(0)
    await clients.findEnabled('a')
    expect(clients.getCached('a')).toBeUndefined()
  })
})
