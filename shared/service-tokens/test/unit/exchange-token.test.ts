import { describe, expect, test } from 'vitest'
import { exchangeToken } from '../../src/index.ts'
import { createTokenEndpoint, grant, json, readAssertion, sourceOptions } from './fixtures.ts'

describe('a token exchange', () => {
  test("asks for a token by which the client acts for the subject token's user", async () => {
    const endpoint = createTokenEndpoint()
    const options = { ...sourceOptions({ fetch: endpoint.fetch }), scope: 'account', resource: 'https://api.example' }
    const exchanged = exchangeToken({ ...options, subjectToken: 'of-the-user' })
    const request = await endpoint.request(1)
    request.respond(grant('acting', 300))
    expect(await exchanged).toEqual({ accessToken: 'acting', expiresInSeconds: 300 })
    const { client_assertion, ...parameters } = Object.fromEntries(request.form)
    expect(client_assertion).toEqual(expect.any(String))
    expect(parameters).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'of-the-user',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      client_id: 'orders',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      scope: 'account',
      resource: 'https://api.example'
    })
    expect((await readAssertion(request, { now: Date.now })).claims).toMatchObject({ iss: 'orders', sub: 'orders' })
  })

  test('fails as a source fails, shows no token, and is requested each time', async () => {
    const endpoint = createTokenEndpoint()
    const options = { ...sourceOptions({ fetch: endpoint.fetch }), subjectToken: 'of-the-user' }
    for (const nth of [1, 2]) {
      const failed = exchangeToken(options).catch((error: unknown) => error)
      const description = 'The token of-the-user is not one of ours.'
      ;(await endpoint.request(nth)).respond(json({ error: 'invalid_request', error_description: description }, 400))
      expect(await failed).toMatchObject({
        code: 'ERR_TOKEN_ENDPOINT_REFUSED',
        oauthError: 'invalid_request',
        oauthErrorDescription: undefined
      })
      expect(JSON.stringify([await failed, ((await failed) as Error).message])).not.toContain('of-the-user')
    }
  })

  test('is given up with its signal', async () => {
    const endpoint = createTokenEndpoint()
    const abort = new AbortController()
    const options = { ...sourceOptions({ fetch: endpoint.fetch }), subjectToken: 'of-the-user', signal: abort.signal }
    const failed = exchangeToken(options).catch((error: unknown) => error)
    const { init } = await endpoint.request(1)
    abort.abort(new Error('enough'))
    expect(await failed).toMatchObject({ message: 'enough' })
    expect(init.signal?.aborted).toBe(true)
  })

  test.each([[''], [undefined]])(
    'with the subject token %j is a TypeError, and nothing is sent',
    async (subjectToken) => {
      const endpoint = createTokenEndpoint()
      const options = { ...sourceOptions({ fetch: endpoint.fetch }), subjectToken: subjectToken as string }
      await expect(exchangeToken(options)).rejects.toThrow(TypeError)
      expect(endpoint.requests).toEqual([])
    }
  )
})
