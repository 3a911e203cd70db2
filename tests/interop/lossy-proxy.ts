import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

/** Stands between clients and replicas, delays each request and response, and so reorders them; some responses it drops, the first one always. */
export interface LossyProxy {
  readonly url: string
  /** How many responses were dropped so far. */
  readonly dropped: number
  /** The statuses that came from the replicas, dropped or not. */
  readonly statuses: readonly number[]
  /** Makes every access token that was issued so far count as expired at `/api`. */
  expireAccessTokens(): void
  close(): Promise<void>
}

export interface LossyProxyOptions {
  readonly replicas: readonly string[]
  /** Numbers from 0 to 1. */
  readonly random: () => number
  readonly dropRate: number
  readonly longestDelayMs: number
}

/** `/api` stands for an API: 200 for an access token that was issued since the last expiry, else 401. */
export async function startLossyProxy({
  replicas,
  random,
  dropRate,
  longestDelayMs
}: LossyProxyOptions): Promise<LossyProxy> {
  const fresh = new Set<string>()
  const statuses: number[] = []
  let received = 0
  let dropped = 0
  let next = 0
  const someDelay = () => delay(random() * longestDelayMs)

  const server = createServer(async (incoming, outgoing) => {
    const body = await text(incoming)
    if (incoming.url === '/api') {
      const token = incoming.headers.authorization?.replace(/^Bearer /, '') ?? ''
      outgoing.writeHead(fresh.has(token) ? 200 : 401).end()
      return
    }
    received += 1
    const isFirst = received === 1
    const shouldDrop = random() < dropRate || isFirst
    await someDelay()
    const { status, headers, responseBody } = await forward(incoming, body)
    statuses.push(status)
    if (status === 200) fresh.add((JSON.parse(responseBody) as { access_token: string }).access_token)
    await someDelay()
    if (shouldDrop) {
      dropped += 1
      outgoing.destroy()
      return
    }
    outgoing.writeHead(status, { 'Content-Type': headers['content-type'] }).end(responseBody)
  })

  function forward(
    { method, url, headers }: Pick<import('node:http').IncomingMessage, 'method' | 'url' | 'headers'>,
    body: string
  ) {
    const target = new URL(url ?? '/', replicas[next++ % replicas.length])
    return new Promise<{ status: number; headers: import('node:http').IncomingHttpHeaders; responseBody: string }>(
      (resolve, reject) => {
        const { host: _, connection: __, ...others } = headers
        const sent = request(target, { method: method ?? 'POST', headers: others }, async (response) => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, responseBody: await text(response) })
        })
        sent.on('error', reject)
        sent.end(body)
      }
    )
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get dropped() {
      return dropped
    },
    statuses,
    expireAccessTokens: () => fresh.clear(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
