import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { jwtVerify } from 'jose'
import { afterEach, describe, expect, test } from 'vitest'
import { createServiceTokenSource, fetchWithToken, type ServiceTokenSource } from '../../src/index.ts'

const run = promisify(execFile)
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const privateKey = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string

const servers: Server[] = []
const sources: ServiceTokenSource[] = []

afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listen(listener: RequestListener, port = 0): Promise<string> {
  const server = createServer(listener).listen(port, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function make(issuer: string): ServiceTokenSource {
  const source = createServiceTokenSource({ issuer, clientId: 'orders', privateKey })
  sources.push(source)
  return source
}

const settled = (promise: Promise<unknown>) => promise.catch((error: unknown) => error)

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

const grant = (accessToken: string, expires_in = 600) => ({
  access_token: accessToken,
  token_type: 'Bearer',
  expires_in
})

/** An issuer and an API in one: it gives numbered tokens, and the API takes the newest alone. */
async function listenAsIssuerAndApi() {
  const forms: URLSearchParams[] = []
  const bodies: string[] = []
  let good = 'token-1'
  const url = await listen(async (request: IncomingMessage, response) => {
    const body = await text(request)
    if (request.url === '/oauth/token') {
      forms.push(new URLSearchParams(body))
      return sendJson(response, 200, grant(`token-${forms.length}`))
    }
    bodies.push(body)
    const isGood = request.headers.authorization === `Bearer ${good}`
    sendJson(response, isGood ? 200 : 401, { body })
  })
  return { url, forms, bodies, accept: (token: string) => (good = token) }
}

describe('a source before a real token endpoint', () => {
  test('gets one token for many, by an assertion that verifies', async () => {
    const { url, forms } = await listenAsIssuerAndApi()
    const source = make(url)
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => source.getToken())))).toEqual(
      new Set(['token-1'])
    )
    expect(forms).toHaveLength(1)
    const { payload } = await jwtVerify(forms[0]?.get('client_assertion') as string, pair.publicKey)
    expect(payload).toMatchObject({ iss: 'orders', sub: 'orders', aud: url })
  })

  test('replaces a token that an API refuses, and sends the body again', async () => {
    const { url, forms, bodies, accept } = await listenAsIssuerAndApi()
    const source = make(url)
    const ask = () => fetchWithToken(source, `${url}/orders`, { method: 'POST', body: 'an order' })
    expect((await ask()).status).toBe(200)
    accept('token-2')
    const response = await ask()
    expect({ status: response.status, body: await response.json() }).toEqual({
      status: 200,
      body: { body: 'an order' }
    })
    expect(bodies).toEqual(['an order', 'an order', 'an order'])
    expect(forms).toHaveLength(2)
  })

  test('does not follow a redirect with its assertion', async () => {
    let visits = 0
    const elsewhere = await listen((_, response) => {
      visits++
      sendJson(response, 200, grant('stolen'))
    })
    for (const status of [301, 307, 308]) {
      const url = await listen((_, response) => response.writeHead(status, { Location: elsewhere }).end())
      expect(await settled(make(url).getToken())).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT_RESPONSE', status })
    }
    expect(visits).toBe(0)
  })

  test('reads no more than 64 KiB of a response that does not end', async () => {
    let written = 0
    const url = await listen((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' })
      const timer = setInterval(() => {
        response.write(' '.repeat(16_384))
        written += 16_384
      }, 1)
      response.once('close', () => clearInterval(timer))
    })
    expect(await settled(make(url).getToken())).toMatchObject({ code: 'ERR_TOKEN_ENDPOINT_RESPONSE' })
    const until = written
    await delay(100)
    expect(written).toBeLessThan(until + 32 * 16_384)
  })

  test('tells an endpoint that is not there, and gets a token when it is back', async () => {
    const url = await listen(() => {})
    const port = Number(new URL(url).port)
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
    const source = make(url)
    const error = { code: 'ERR_TOKEN_ENDPOINT_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') }
    expect(await settled(source.getToken())).toMatchObject(error)
    await listen((_, response) => sendJson(response, 200, grant('back')), port)
    await expect.poll(() => settled(source.getToken()), { timeout: 5_000 }).toBe('back')
  })

  test('keeps no process alive while it holds a token', async () => {
    const { url } = await listenAsIssuerAndApi()
    const dist = new URL('../../dist/index.js', import.meta.url).href
    const script = `
      import { createServiceTokenSource } from ${JSON.stringify(dist)}
      const privateKey = ${JSON.stringify(privateKey)}
      console.log(await createServiceTokenSource({ issuer: ${JSON.stringify(url)}, clientId: 'orders', privateKey }).getToken())`
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { timeout: 10_000 })
    expect(stdout.trim()).toBe('token-1')
  })
})
