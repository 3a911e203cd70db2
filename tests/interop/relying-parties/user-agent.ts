/** A browser without pages: it follows redirects with its cookies, and does by the API what a user does on the pages. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { createAuthorizingBrowser, get, post, usedSecrets } from '@countersign/testing/trio'
import type { Installation } from './installation.ts'

export interface Visited {
  readonly status: number
  readonly url: string
  readonly text: string
}

export interface UserAgent {
  /** The token of the session that the pages have in this browser. */
  pagesToken(): Promise<string>
  /** Where it ends up. A form is sent as POST. */
  visit(url: string, form?: Record<string, string>): Promise<Visited>
  /** The same, up to the first address on the way that begins like this. */
  visitUpTo(url: string, end: string): Promise<string>
}

export function createUserAgent({ issuer, userToken }: Installation): UserAgent {
  const jars = new Map<string, Map<string, string>>()
  const pages = createAuthorizingBrowser(issuer)
  let session: Promise<string> | undefined
  /** That of the pages: a browser has one session at a time. */
  const pagesToken = () => {
    session ??= userToken()
    return session
  }

  /** One request. @returns the response, and where it leads */
  async function step(url: string, form?: Record<string, string>) {
    const { hostname } = new URL(url)
    const jar = jars.get(hostname) ?? new Map()
    jars.set(hostname, jar)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await send(url, cookie, form)
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0|expires=thu, 01[ -]jan[ -]1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    const { location } = response.headers
    return { ...response, next: location === undefined ? undefined : new URL(location, url) }
  }

  /** Signs in and allows all that is asked. @returns where the page would go */
  async function allow(id: string): Promise<string> {
    const token = await pagesToken()
    const claimed = await pages.claim(id, token)
    if (claimed.status !== 200) throw new Error(`claim responded with ${JSON.stringify(claimed.body)}`)
    const { next, complete_url: at } = claimed.body
    return next === 'complete' ? at : (await pages.decide(id, token, 'allow')).body.complete_url
  }

  /** Signs out, as the page does. @returns where it would go */
  async function signOut(id: string): Promise<string> {
    const { body } = await get<{ complete_url: string }>(`${issuer}/auth/logout-requests/${id}`)
    await post(`${issuer}/auth/logout`, undefined, await pagesToken())
    session = undefined
    return body.complete_url
  }

  async function follow(start: string, form?: Record<string, string>, end?: string) {
    let [url, sent] = [start, form]
    for (let hops = 0; hops < 20; hops++) {
      if (end !== undefined && hops > 0 && url.startsWith(end)) return { status: 0, url, text: '' }
      const { status, text, next } = await step(url, sent)
      if (next === undefined) return { status, url, text }
      const id = next.searchParams.get('request')
      const code = next.searchParams.get('code')
      if (code) usedSecrets.add(code)
      if (next.pathname.endsWith('/authorize/error')) throw new Error(`the error page: ${next.search}`)
      const act = id ? { '/authorize': allow, '/sign-out': signOut }[next.pathname] : undefined
      url = id && act ? await act(id) : next.href
      sent = undefined
    }
    throw new Error(`too many redirects from ${start}`)
  }

  return {
    pagesToken,
    visit: (url, form) => follow(url, form),
    visitUpTo: async (url, end) => (await follow(url, undefined, end)).url
  }
}

/** Sends a request like a browser that navigates; `fetch` says by its headers that it does not. */
async function send(url: string, cookie: string, form?: Record<string, string>) {
  const body = form && new URLSearchParams(form).toString()
  const sent = request(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Accept: 'text/html',
      Cookie: cookie,
      'Sec-Fetch-Dest': 'document',
      'Sec-Fetch-Mode': 'navigate',
      ...(body !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' })
    }
  }).end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const text = (await response.setEncoding('utf8').toArray()).join('')
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}
