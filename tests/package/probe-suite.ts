import { type ClientKey, dpopProof, makeClientKey } from '@countersign/testing/trio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask } from './fixtures/api.ts'
import { algs, bearerRefusal, refusal, seen, withoutBody, words } from './fixtures/refusals.ts'
import { publicUrl, type Script, type Stage, setStage, untilCurrent } from './fixtures/stage.ts'

/** The one suite for all probes, over HTTP. Each has all under `/mounted` but a route that forgot its guard. */
export function describeProbe(script: Script, { parsesForms }: { parsesForms: boolean }): void {
  let stage: Stage
  let key: ClientKey
  beforeAll(async () => {
    ;[stage, key] = await Promise.all([setStage(script), makeClientKey()])
    await untilCurrent(stage, '/mounted/me')
  })
  afterAll(() => stage?.stop())

  test('hands frozen claims to a part of the app that is mounted', async () => {
    const token = stage.issuer.mint({ sub: 'ada' })
    for (let round = 0; round < 2; round++) {
      const answer = await stage.present('/mounted/me', token)
      expect(answer).toMatchObject({ status: 200, body: '{"sub":"ada","isFrozen":true}' })
    }
  })

  test('goes by the whole path of a request for a proof, and by all scopes that are wanted', async () => {
    const token = stage.issuer.mint({ cnf: { jkt: key.publicJwk.kid }, scope: 'reports:read' })
    for (const [path, status] of [
      ['/mounted/me', 200],
      ['/me', 401]
    ] as const) {
      const proof = await dpopProof(key, { method: 'GET', url: publicUrl + path, accessToken: token })
      const headers = { Authorization: `DPoP ${token}`, DPoP: proof }
      expect(await stage.present('/mounted/me', token, { headers }), path).toMatchObject({ status })
    }
    const reader = stage.issuer.mint({ scope: 'reports:read' })
    expect(seen(await stage.present('/mounted/scoped', reader))).toEqual(
      bearerRefusal(403, 'insufficient_scope', words.scope, 'scope="reports:read reports:list"')
    )
  })

  test('leaves errors of the app, and what it answers to them, alone', async () => {
    const answer = await stage.present('/mounted/fails', stage.issuer.mint())
    expect(answer).toMatchObject({ status: 418, body: '{"name":"RangeError","message":"its own"}' })
  })

  test('fails, and never lets pass, where requireRole has no requireAccessToken before it', async () => {
    const answer = await stage.present('/unguarded/1', stage.issuer.mint({ roles: ['admin'] }))
    expect(answer).toMatchObject({ status: 418, body: expect.stringMatching(/^\{"name":"TypeError"/) })
  })

  test('guards HEAD and OPTIONS as any method', async () => {
    const bare = refusal(401, 'missing_token', words.missing, `Bearer realm="api", DPoP ${algs}`)
    expect(seen(await ask(`${stage.api.url}/mounted/me`, { method: 'OPTIONS' }))).toEqual(bare)
    const head = seen(await ask(`${stage.api.url}/mounted/me`, { method: 'HEAD' }))
    expect(head).toEqual(withoutBody(bare))
  })

  test.skipIf(!parsesForms)('refuses a token in a form that was parsed before', async () => {
    const body = 'access_token=x'
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': body.length }
    const answer = await stage.present('/mounted/me', stage.issuer.mint(), { method: 'POST', headers, body })
    expect(seen(answer)).toEqual(bearerRefusal(400, 'invalid_request', words.one))
  })

  test('tells of each refusal by the logger of its request', async () => {
    await stage.present('/mounted/me', 'x')
    const line = JSON.stringify({ path: '/mounted/me', message: 'access token refused', code: 'ERR_TOKEN_MALFORMED' })
    await expect.poll(() => stage.api.output()).toContain(line.slice(0, -1))
  })
}
