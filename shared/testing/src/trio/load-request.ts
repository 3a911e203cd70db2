import { type Agent, request } from 'node:http'

export interface LoadRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly token?: string
  /** A JSON text. */
  readonly body?: string
  /** Whose connections are used; `false` takes a new one. */
  readonly agent: Agent | false
  /** Default: none. */
  readonly timeoutMs?: number
}

/** One request of a load, over a given agent. A connection error and a timeout are status 0, with their message as the body. */
export function sendLoadRequest(options: LoadRequest): Promise<{ status: number; body: string }> {
  const { method, url, token, body, agent, timeoutMs } = options
  return new Promise((resolve) => {
    const fail = (error: Error) => resolve({ status: 0, body: error.message })
    const headers = {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
    }
    const timeout = timeoutMs === undefined ? {} : { timeout: timeoutMs }
    const outgoing = request(url, { method, headers, agent, ...timeout }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }))
      incoming.on('error', fail)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no response within ${Number(timeoutMs) / 1000} s`)))
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}
