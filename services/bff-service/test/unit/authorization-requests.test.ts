import { TemporarilyUnavailableError } from '@countersign/oauth'
import { describe, expect, test } from 'vitest'
import { createIssuerClient } from '../../src/issuer/issuer-client.ts'
import { leaveFor } from '../../web/src/authorize/leave.ts'

const browser = { address: '192.0.2.1', userAgent: '', acceptLanguage: '', requestId: 'r' }
const id = 'a'.repeat(43)
const complete = `https://auth.example.com/oauth/authorize/complete?request=${id}`

describe('the request of an app, as the bff-service gets it', () => {
  function clientFor(completeUrl: string, metadata: () => Response | undefined = () => undefined) {
    const asked: string[] = []
    const client = createIssuerClient({
      authUrl: 'http://auth:4000',
      forwarderKey: undefined,
      async fetch(url) {
        const { pathname } = new URL(String(url))
        asked.push(pathname)
        if (pathname.startsWith('/.well-known/'))
          return metadata() ?? Response.json({ issuer: 'https://auth.example.com/' })
        return Response.json({
          client: { client_id: 'notes', name: 'Notes', logo_uri: null, policy_uri: null, tos_uri: null },
          redirect_host: 'notes.example',
          login_hint: null,
          ui_locales: [],
          prompt: [],
          complete_url: completeUrl,
          expires_in: 600
        })
      }
    })
    return { client, asked }
  }

  test('leads back to the issuer that the metadata names, which is asked for once', async () => {
    const { client, asked } = clientFor(complete)
    expect(await client.showAuthorizationRequest(id, browser)).toMatchObject({ complete_url: complete })
    await client.showAuthorizationRequest(id, browser)
    expect(asked.filter((path) => path === '/.well-known/openid-configuration')).toHaveLength(1)
  })

  test.each([
    `https://evil.example/oauth/authorize/complete?request=${id}`,
    `https://auth.example.com.evil.example/oauth/authorize/complete?request=${id}`,
    `https://auth.example.com/oauth/authorize/complete?request=${'b'.repeat(43)}`,
    `https://auth.example.com/elsewhere?request=${id}`,
    'javascript:alert(1)'
  ])('is refused when it leads to %s', async (url) => {
    await expect(clientFor(url).client.showAuthorizationRequest(id, browser)).rejects.toThrow(
      TemporarilyUnavailableError
    )
  })

  test.each([
    [`https://auth.example.com/oauth/logout/complete?request=${id}`, true],
    [complete, false],
    [`https://evil.example/oauth/logout/complete?request=${id}`, false]
  ])('to sign out is valid with %s: %s', async (completeUrl, isGood) => {
    const client = createIssuerClient({
      authUrl: 'http://auth:4000',
      forwarderKey: undefined,
      fetch: async (url) =>
        new URL(String(url)).pathname.startsWith('/.well-known/')
          ? Response.json({ issuer: 'https://auth.example.com/' })
          : Response.json({
              client: null,
              session_id: null,
              user_id: null,
              return_host: null,
              is_return_refused: false,
              ui_locales: [],
              complete_url: completeUrl
            })
    })
    const shown = client.showLogoutRequest(id, browser)
    if (isGood) expect(await shown).toMatchObject({ complete_url: completeUrl })
    else await expect(shown).rejects.toThrow(TemporarilyUnavailableError)
  })

  test('is refused while the issuer is not known, and accepted afterwards', async () => {
    const responses: (Response | undefined)[] = [new Response('', { status: 503 }), undefined]
    const { client } = clientFor(complete, () => responses.shift())
    await expect(client.showAuthorizationRequest(id, browser)).rejects.toThrow(TemporarilyUnavailableError)
    expect(await client.showAuthorizationRequest(id, browser)).toMatchObject({ complete_url: complete })
  })
})

describe('a page that leaves for the app', () => {
  test.each([
    'https://evil.example/oauth/authorize/complete?request=x',
    'http://auth.example.com/oauth/authorize/complete?request=x',
    'https://auth.example.com/oauth/authorize?request=x',
    'https://auth.example.com/oauth/authorize/complete/../../elsewhere',
    'javascript:alert(1)'
  ])('does not go to %s', (url) => {
    expect(() => leaveFor(url, complete)).toThrow('This is not an address of the issuer.')
  })
})
