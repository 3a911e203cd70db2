import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@countersign/testing'
import { createAccessTokenVerifier } from '@countersign/verifier'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bareKoa, type Contestant, flaws, joseRedis, koaJwt } from '../../src/protected-route/contestants.ts'
import { proveChecks } from '../../src/protected-route/prove-checks.ts'

const closing: (() => void)[] = []
let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createTestIssuer()
})
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that lets pass what a function accepts. */
async function serve(accepts: (token: string | undefined) => Promise<boolean>): Promise<string> {
  const server = createServer(async (request, response) => {
    const isAccepted = await accepts(request.headers.authorization?.replace('Bearer ', ''))
    response.statusCode = isAccepted ? 200 : 401
    response.end(isAccepted ? '{"sub":"user-1"}' : '{}')
  })
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Checks all but revocation. */
function verifying(): (token: string | undefined) => Promise<boolean> {
  const { keySource: keys, audience } = issuer
  const verifier = createAccessTokenVerifier({ issuer: issuer.issuer, audience, keys, revocations: null })
  return async (token) => {
    if (token === undefined) return false
    return verifier.verify(token).then(
      () => true,
      () => false
    )
  }
}

const prove = (contestant: Contestant, url: string) => proveChecks(contestant, url, issuer, 'revoked-jti')

describe('before a contestant is measured', () => {
  test('one that accepts everything is not taken for one that checks', async () => {
    const url = await serve(async () => true)
    await expect(prove(joseRedis, url)).rejects.toThrow('"no token" got 200, not 401')
    await expect(prove(bareKoa, url)).resolves.toBeUndefined()
  })

  test('one that does not look at the denylist is not taken for one that does', async () => {
    const url = await serve(verifying())
    await expect(prove(joseRedis, url)).rejects.toThrow('"revoked" got 200, not 401')
    const others = flaws.filter((flaw) => flaw !== 'revoked')
    await expect(prove({ ...joseRedis, refuses: others }, url)).resolves.toBeUndefined()
  })

  test('a contestant that checks more than its settings claim is reported as such', async () => {
    await expect(prove(koaJwt, await serve(verifying()))).rejects.toThrow('"another typ" got 401, not 200')
  })

  test('one that refuses everything is not measured', async () => {
    await expect(prove(joseRedis, await serve(async () => false))).rejects.toThrow('responds to a valid token with 401')
  })
})
