import { createHash, randomBytes } from 'node:crypto'
import { type ApiResponse, get, post, usedSecrets } from './api-client.ts'
import { postForm } from './oauth-client.ts'

/** A pair of PKCE (RFC 7636). */
export function newPkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type Parameters = Record<string, string | readonly string[] | undefined>

/** Where a browser was sent, with the parameters of the address or of the form that it sends by itself. */
export interface Sent {
  readonly status: number
  readonly headers: Headers
  /** Without its query. */
  readonly to: string
  readonly parameters: Record<string, string>
}

/** A browser on its way from a client to the issuer and back, with the issuer's cookies. What the pages do is done with a user's token. */
export interface AuthorizingBrowser {
  readonly cookies: Map<string, string>
  open(url: string, init?: RequestInit): Promise<Sent>
  begin(parameters: Parameters): Promise<Sent>
  /** Begins, and expects to be sent to the page. @returns the id of the request */
  beginWell(parameters: Parameters): Promise<string>
  claim(id: string, token: string): Promise<ApiResponse<Claimed>>
  decide(id: string, token: string, decision: 'allow' | 'deny'): Promise<ApiResponse<{ complete_url: string }>>
  /** The whole way, allowing whatever is asked. @returns what the client gets */
  authorize(parameters: Parameters, token: string): Promise<Record<string, string>>
  beginLogout(parameters: Parameters): Promise<Sent>
  /** Signs out for an app, as the page does. @returns where the browser goes then */
  logout(parameters: Parameters, token: string): Promise<Sent>
}

export interface Claimed {
  readonly next: string
  readonly username: string
  readonly scopes: { scope: string; api: string | null; api_name: string | null; description: string }[]
  readonly complete_url: string
  readonly error?: string
}

export function createAuthorizingBrowser(issuer: string): AuthorizingBrowser {
  const cookies = new Map<string, string>()
  const browser: AuthorizingBrowser = {
    cookies,
    async open(url, init = {}) {
      const Cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { ...(Cookie && { Cookie }), ...(init.headers as Record<string, string>) }
      const response = await fetch(url, { ...init, redirect: 'manual', headers })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        cookies.set(name, value)
        if (value) usedSecrets.add(value)
      }
      const sent = sentBy(response.headers.get('Location') ?? '', await response.text())
      for (const name of ['code', 'request']) if (sent.parameters[name]) usedSecrets.add(sent.parameters[name])
      return { status: response.status, headers: response.headers, ...sent }
    },
    begin: (parameters) => browser.open(`${issuer}/oauth/authorize?${queryOf(parameters)}`),
    async beginWell(parameters) {
      const { status, to, parameters: sent } = await browser.begin(parameters)
      if (sent.request === undefined) throw new Error(`${status}: sent to ${to} with ${JSON.stringify(sent)}`)
      return sent.request
    },
    claim: (id, token) => post(`${issuer}/auth/authorization-requests/${id}/claim`, undefined, token),
    decide: (id, token, decision) => post(`${issuer}/auth/authorization-requests/${id}/decision`, { decision }, token),
    async authorize(parameters, token) {
      const id = await browser.beginWell(parameters)
      const claimed = await browser.claim(id, token)
      if (claimed.status !== 200) throw new Error(`claim responded with ${JSON.stringify(claimed.body)}`)
      const { next, complete_url: at } = claimed.body
      const url = next === 'complete' ? at : (await browser.decide(id, token, 'allow')).body.complete_url
      return (await browser.open(url)).parameters
    },
    beginLogout: (parameters) => browser.open(`${issuer}/oauth/logout?${queryOf(parameters)}`),
    async logout(parameters, token) {
      const { parameters: sent, to } = await browser.beginLogout(parameters)
      if (sent.request === undefined) throw new Error(`sent to ${to} with ${JSON.stringify(sent)}`)
      const asked = await get<{ complete_url: string }>(`${issuer}/auth/logout-requests/${sent.request}`)
      await post(`${issuer}/auth/logout`, undefined, token)
      return browser.open(asked.body.complete_url)
    }
  }
  return browser
}

function sentBy(location: string, page: string): Pick<Sent, 'to' | 'parameters'> {
  const inputs = [...page.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value])
  const [, action] = /action="([^"]*)"/.exec(page) ?? []
  const [to = '', query] = (action ?? location).split('?')
  return { to, parameters: Object.fromEntries([...new URLSearchParams(query ?? ''), ...inputs]) }
}

export function queryOf(parameters: Parameters): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of value === undefined ? [] : [value].flat()) query.append(name, one)
  }
  return query.toString()
}

/** What the token endpoint gives for a code. */
export interface CodeTokens {
  access_token: string
  refresh_token?: string
  id_token?: string
  token_type: string
  scope?: string
  expires_in: number
  error?: string
}

export function exchangeCode(issuer: string, parameters: Parameters, headers?: Record<string, string>) {
  return postForm<CodeTokens>(`${issuer}/oauth/token`, { grant_type: 'authorization_code', ...parameters }, headers)
}
