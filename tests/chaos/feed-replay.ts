/** A stream of the feed over HTTP, recorded, and a server that replays it to all requests, as a cache would. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a stream sends up to its first confirmation. */
export async function recordStream(url: string, headers: Record<string, string> = {}): Promise<string> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  let text = ''
  for await (const bytes of response.body ?? []) {
    text += Buffer.from(bytes).toString()
    if (text.includes('event: current')) break
  }
  abort.abort()
  return text
}

export interface Replay {
  readonly url: string
  /** How many requests have come. */
  requests(): number
  close(): Promise<void>
}

export async function startReplay(recorded: string): Promise<Replay> {
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(recorded)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async close() {
      server.closeAllConnections()
      server.close()
    }
  }
}
