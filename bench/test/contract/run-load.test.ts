import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { runLoad } from '../../src/load/run-load.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that responds with a status of choice, and remembers what was asked. */
async function serve(
  statusOf: (request: IncomingMessage, index: number) => number,
  afterMs: (path: string) => number = () => 0,
  keepAliveMs?: number
): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url as string)
    response.statusCode = statusOf(request, paths.length)
    const body = JSON.stringify({ number: paths.length })
    const delay = afterMs(request.url as string)
    if (delay === 0) response.end(body)
    else setTimeout(() => response.end(body), delay)
  })
  if (keepAliveMs !== undefined) server.keepAliveTimeout = keepAliveMs
  closing.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths }
}

const requests = Array.from({ length: 10 }, (_, i) => ({ path: `/${i}` }))

describe('a round of load', () => {
  test('sends each request once over all connections, counts each response, and ends', async () => {
    const { url, paths } = await serve(() => 200)
    const result = await runLoad({ origin: url, connections: 3, limit: { requests: 100 }, requests })
    expect([...paths].sort()).toEqual(requests.map(({ path }) => path))
    expect(result).toMatchObject({ requests: 10, statuses: { 200: 10 } })
    expect(result.requestsPerSecond).toBeCloseTo(result.requests / result.seconds)
  })

  test('starts again from the first request if configured, until the limit of requests', async () => {
    const { url, paths } = await serve(() => 200)
    await runLoad({ origin: url, connections: 4, limit: { requests: 25 }, requests, repeat: true })
    expect(paths).toHaveLength(25)
    expect(paths.filter((path) => path === '/0')).toHaveLength(3)
  })

  test('ends after its time, and waits for running requests', async () => {
    const { url, paths } = await serve(() => 200)
    const result = await runLoad({ origin: url, connections: 2, limit: { milliseconds: 50 }, requests, repeat: true })
    expect(result.requests).toBe(paths.length)
  })

  test('fails at the first response with an unexpected status', async () => {
    const { url } = await serve((_, index) => (index === 5 ? 503 : 200))
    const plan = { origin: url, connections: 1, limit: { requests: 10 }, requests }
    await expect(runLoad(plan)).rejects.toThrow('a request got 503: {"number":5}')
    await expect(runLoad({ ...plan, expectedStatuses: [200, 503] })).resolves.toMatchObject({ requests: 10 })
  })

  test('fails when the server closes a connection', async () => {
    const { url } = await serve((request, index) => {
      if (index === 3) request.socket.destroy()
      return 200
    })
    await expect(runLoad({ origin: url, connections: 1, limit: { requests: 10 }, requests })).rejects.toThrow(
      /closed|ECONNRESET/
    )
  })

  test('does not fail when the server ends a connection that has nothing more to send', async () => {
    const { url } = await serve(
      () => 200,
      (path) => (path === '/0' ? 1600 : 1),
      50
    )
    const result = await runLoad({ origin: url, connections: 2, limit: { requests: 4 }, requests })
    expect(result.requests).toBe(4)
  })

  test('a flow sees each response before it makes its next request, and hands its state back', async () => {
    const { url, paths } = await serve(() => 200)
    const module = new URL('./counting-flow.ts', import.meta.url).href
    const flow = { module, data: ['a', 'b'] }
    const { states } = await runLoad({ origin: url, connections: 2, limit: { requests: 50 }, flow })
    expect(paths).toHaveLength(6)
    expect(states).toEqual(['a3', 'b3'])
  })

  test('must have a limit, and something to send', async () => {
    const { url } = await serve(() => 200)
    await expect(runLoad({ origin: url, connections: 1, limit: {}, requests })).rejects.toThrow(TypeError)
    await expect(runLoad({ origin: url, connections: 1, limit: { requests: 1 } })).rejects.toThrow(TypeError)
  })

  test('at a fixed rate sends what is due, however long the responses take', async () => {
    const { url, paths } = await serve(() => 200)
    const plan = { origin: url, connections: 5, limit: { milliseconds: 200 }, perSecond: 100, requests }
    const result = await runLoad({ ...plan, repeat: true })
    expect(paths).toHaveLength(20)
    expect(result).toMatchObject({ requests: 20, statuses: { 200: 20 } })
    expect(result.latencies).toHaveLength(20)
  })

  test('at a fixed rate counts the wait for a connection', async () => {
    const { url } = await serve(
      () => 200,
      () => 50
    )
    const plan = { origin: url, connections: 1, limit: { milliseconds: 200 }, perSecond: 100, requests, repeat: true }
    const { latency } = await runLoad(plan)
    // Twenty responses of 50 ms each, of which the last was due after 190 ms.
    expect(latency.maxMs).toBeGreaterThan(700)
  })

  test('at a fixed rate fails when nothing is left to send, and at an unexpected status', async () => {
    const { url } = await serve((_, index) => (index === 5 ? 503 : 200))
    const plan = { origin: url, connections: 2, limit: { milliseconds: 100 }, perSecond: 200, requests }
    await expect(runLoad({ ...plan, expectedStatuses: [200, 503] })).rejects.toThrow('has no request')
    const other = await serve((_, index) => (index === 5 ? 503 : 200))
    await expect(runLoad({ ...plan, origin: other.url, repeat: true })).rejects.toThrow('got 503')
    await expect(runLoad({ ...plan, limit: { requests: 5 } })).rejects.toThrow(TypeError)
  })
})
