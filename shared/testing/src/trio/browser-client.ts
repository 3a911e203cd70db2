import { type IncomingMessage, request } from 'node:http'
import type { ApiResponse, Credentials } from './api-client.ts'
import { usedSecrets } from './api-client.ts'

/** What the pages' scripts do, with the cookie that a browser would keep. */
export interface BrowserClient {
  /** What the cookie holds now. */
  cookie: string | undefined
  /** What the cookie holds that outlives sessions. */
  deviceCookie: string | undefined
  /** Sends as a page of the site does; `headers` replace what it would say, and `undefined` leaves it out. */
  send<T = Record<string, unknown>>(method: string, path: string, options?: SendOptions): Promise<ApiResponse<T>>
  /** The response as it comes, for bodies that are read piece by piece. */
  open(method: string, path: string, options?: SendOptions): Promise<IncomingMessage>
  /** Signs in, and expects success. */
  signIn(credentials: Credentials): Promise<{ user_id: string; username: string; roles: string[]; session_id: string }>
  /** Another client with the same cookie. */
  copy(): BrowserClient
}

export interface SendOptions {
  readonly body?: unknown
  readonly headers?: Record<string, string | undefined>
  /** Asks another replica of the same site. */
  readonly at?: string
}

/** What the bff-service calls its cookies at a public URL. */
export function cookieNames(publicUrl: string): { session: string; device: string } {
  const { protocol, port } = new URL(publicUrl)
  const name = (base: string) => `${protocol === 'https:' ? '__Host-' : ''}${base}${port && `-${port}`}`
  return { session: name('countersign'), device: name('countersign-device') }
}

/** A browser without pages, at one of the site's replicas. */
export function createBrowserClient(publicUrl: string, at = publicUrl): BrowserClient {
  const { session: cookieName, device: deviceCookieName } = cookieNames(publicUrl)
  const client: BrowserClient = {
    cookie: undefined,
    deviceCookie: undefined,
    async open(method, path, { body, headers = {}, at: other = at } = {}) {
      const isUnsafe = !['GET', 'HEAD'].includes(method)
      const isText = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined
      const sent = {
        Host: new URL(publicUrl).host,
        'Sec-Fetch-Site': 'same-origin',
        'User-Agent': 'Test browser',
        ...cookieHeader(),
        ...(isUnsafe ? { Origin: publicUrl, 'X-Countersign-CSRF': '1' } : {}),
        ...(isText ? {} : { 'Content-Type': 'application/json' }),
        ...headers
      }
      const present = Object.entries(sent).filter((header): header is [string, string] => header[1] !== undefined)
      const content = isText ? body : JSON.stringify(body)
      if (content !== undefined && !headers['Transfer-Encoding'])
        present.push(['Content-Length', String(Buffer.byteLength(content as string))])
      const outgoing = request(new URL(path, other), { method, headers: Object.fromEntries(present) })
      const arrival = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve).once('error', reject)
      })
      outgoing.end(content)
      const response = await arrival
      for (const line of response.headers['set-cookie'] ?? []) keep(line)
      return response
    },
    async send<T>(method: string, path: string, options?: SendOptions) {
      const response = await client.open(method, path, options)
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      const isJson = text !== '' && response.headers['content-type']?.startsWith('application/json')
      const headers = new Headers()
      for (const [name, values] of Object.entries(response.headersDistinct)) {
        for (const value of values ?? []) headers.append(name, value)
      }
      return { status: response.statusCode as number, headers, body: (isJson ? JSON.parse(text) : text) as T }
    },
    async signIn({ username, password }) {
      usedSecrets.add(password)
      const response = await client.send<Awaited<ReturnType<BrowserClient['signIn']>>>('POST', '/bff/session', {
        body: { username, password }
      })
      if (response.status !== 200)
        throw new Error(`sign-in responded with ${response.status}: ${JSON.stringify(response.body)}`)
      return response.body
    },
    copy() {
      const other = createBrowserClient(publicUrl, at)
      other.cookie = client.cookie
      return other
    }
  }
  return client

  function cookieHeader(): { Cookie?: string } {
    const pairs = [
      ...(client.cookie === undefined ? [] : [`${cookieName}=${client.cookie}`]),
      ...(client.deviceCookie === undefined ? [] : [`${deviceCookieName}=${client.deviceCookie}`])
    ]
    return pairs.length === 0 ? {} : { Cookie: pairs.join('; ') }
  }

  function keep(line: string): void {
    const [name, value] = (line.split(';')[0] as string).split('=') as [string, string]
    if (name === cookieName) client.cookie = value === '' ? undefined : value
    else if (name === deviceCookieName) client.deviceCookie = value
    else return
    if (value !== '') usedSecrets.add(value)
  }
}
