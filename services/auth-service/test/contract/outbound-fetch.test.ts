import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createOutboundFetch, OutboundRefusedError, type OutboundRequest } from '../../src/outbound/outbound-fetch.ts'
import type { OutboundAddress } from '../../src/outbound/resolve-name.ts'

const request = {
  headers: { accept: 'application/json' },
  timeoutMs: 2000,
  maxBytes: 1000
} satisfies OutboundRequest
const v4 = (address: string): OutboundAddress => ({ address, family: 4 })

describe('the outbound fetch', () => {
  let server: Server
  /** On the same port of another loopback address: where a second resolution would lead. */
  let trap: Server
  let port: number
  let connections: number
  let open = 0
  let trapped: number
  let seen: { url: string | undefined; headers: NodeJS.Dict<string | string[]> }[]

  beforeAll(async () => {
    server = createServer((incoming, response) => {
      seen.push({ url: incoming.url, headers: incoming.headers })
      if (incoming.url === '/redirect') response.writeHead(302, { Location: `http://127.0.0.2:${port}/` }).end()
      else if (incoming.url === '/large') response.end('x'.repeat(request.maxBytes + 1))
      else if (incoming.url === '/endless') setInterval(() => response.write('x'), 20).unref()
      else if (incoming.url === '/silent') return
      else response.end('{"keys":[]}')
    })
    server.on('connection', (socket) => {
      connections++
      open++
      socket.on('close', () => open--)
    })
    port = await listen(server, '127.0.0.1', 0)
    trap = createServer((_, response) => response.end('trap')).on('connection', () => trapped++)
    await listen(trap, '127.0.0.2', port)
  })
  afterAll(async () => {
    for (const one of [server, trap]) {
      one?.closeAllConnections()
      one?.close()
    }
  })
  beforeEach(() => {
    connections = 0
    trapped = 0
    seen = []
  })

  async function expectNoConnection(work: Promise<unknown>, reason: RegExp) {
    await expect(work).rejects.toThrow(reason)
    await expect(work).rejects.toBeInstanceOf(OutboundRefusedError)
    expect({ connections, trapped }).toEqual({ connections: 0, trapped: 0 })
  }

  test('requests a loopback address where that is allowed, without credentials', async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'allow' })
    const { status, body } = await fetch(`http://localhost:${port}/jwks.json`, request)
    expect({ status, body: body.toString() }).toEqual({ status: 200, body: '{"keys":[]}' })
    expect(seen[0]?.headers).toEqual({
      host: `localhost:${port}`,
      accept: 'application/json',
      connection: 'close'
    })
  })

  test.each(['127.0.0.1', '127.1', '2130706433', '0x7f.0.0.1', '0.0.0.0', '[::1]', '[::ffff:127.0.0.1]', 'localhost'])(
    'connects to nothing at %s by default, over http or https',
    async (host) => {
      const fetch = createOutboundFetch({ privateNetworks: 'refuse' })
      await expectNoConnection(fetch(`https://${host}:${port}/`, request), /no public address/)
      await expectNoConnection(fetch(`http://${host}:${port}/`, request), /no public address/)
    }
  )

  test('connects to nothing when one of several addresses of a name is private', async () => {
    const fetch = createOutboundFetch({
      privateNetworks: 'refuse',
      resolve: async () => [v4('1.1.1.1'), v4('127.0.0.1')]
    })
    await expectNoConnection(fetch(`https://keys.example.com:${port}/`, request), /no public address/)
  })

  test('refuses a name without an address, http beyond loopback, other schemes and credentials', async () => {
    const allowing = (...addresses: OutboundAddress[]) =>
      createOutboundFetch({ privateNetworks: 'allow', resolve: async () => addresses })
    await expectNoConnection(allowing()(`http://keys.test:${port}/`, request), /not https/)
    await expectNoConnection(allowing(v4('127.0.0.1'), v4('10.0.0.1'))(`http://keys.test:${port}/`, request), /https/)
    await expectNoConnection(allowing(v4('127.0.0.1'))('ftp://keys.test/', request), /not https/)
    await expectNoConnection(allowing(v4('127.0.0.1'))(`http://a:b@keys.test:${port}/`, request), /credentials/)
    const public4 = createOutboundFetch({ privateNetworks: 'refuse', resolve: async () => [v4('1.1.1.1')] })
    await expectNoConnection(public4(`http://keys.test:${port}/`, request), /not https/)
  })

  test('resolves a name once, and connects to the address that was checked (DNS rebinding)', async () => {
    const responses = [[v4('127.0.0.1')], [v4('127.0.0.2')]]
    let asked = 0
    const fetch = createOutboundFetch({
      privateNetworks: 'allow',
      resolve: async () => responses[Math.min(asked++, 1)] as OutboundAddress[]
    })
    expect((await fetch(`http://keys.test:${port}/`, request)).body.toString()).toBe('{"keys":[]}')
    expect({ asked, connections, trapped }).toEqual({ asked: 1, connections: 1, trapped: 0 })
    expect(seen[0]?.headers.host).toBe(`keys.test:${port}`)
  })

  test('does not follow a redirect', async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'allow' })
    expect((await fetch(`http://127.0.0.1:${port}/redirect`, request)).status).toBe(302)
    expect({ connections, trapped }).toEqual({ connections: 1, trapped: 0 })
  })

  test('limits how much it reads, and how long it waits for a name, headers or a body', async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'allow' })
    await expect(fetch(`http://127.0.0.1:${port}/large`, request)).rejects.toThrow(/more than 1000 bytes/)
    const short = { ...request, timeoutMs: 200 }
    await expect(fetch(`http://127.0.0.1:${port}/silent`, short)).rejects.toThrow(/abort/)
    await expect(fetch(`http://127.0.0.1:${port}/endless`, short)).rejects.toThrow(/abort/)
    const unresolved = createOutboundFetch({ privateNetworks: 'allow', resolve: () => new Promise(() => {}) })
    await expect(unresolved(`http://keys.test:${port}/`, short)).rejects.toThrow(/timeout/)
  })

  test('ends with the headers of a response whose body is ignored', async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'allow' })
    const { status, body } = await fetch(`http://127.0.0.1:${port}/endless`, { ...request, ignoresBody: true })
    expect({ status, length: body.length }).toEqual({ status: 200, length: 0 })
    await expect.poll(() => open).toBe(0)
  })

  test('an address where nothing listens is an error of the request', async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'allow' })
    await expect(fetch('http://127.0.0.1:9/', request)).rejects.toThrow(/ECONNREFUSED/)
  })
})

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, host, resolve))
  return (server.address() as AddressInfo).port
}
