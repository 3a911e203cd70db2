/** A browser and its app, for the load generator: one sign-in after another, each up to the tokens. */
import type { Flow, FlowFactory, RequestSpec } from '../load/load-plan.ts'
import type { TokenRequest } from '../peers/issuer-peer.ts'

export interface CodeFlowData {
  readonly authorizePath: string
  readonly exchange: TokenRequest
  /** The users of this connection, in turn: each has the cookies of a browser, or, for an issuer with its own pages, an access token. */
  readonly users: readonly { readonly cookies?: string; readonly accessToken?: string }[]
}

type ParsedResponse = Parameters<NonNullable<Flow['onResponse']>>[0]

const createCodeFlow: FlowFactory = (data) => {
  const { authorizePath, exchange, users } = data as CodeFlowData
  const ownCookies = new Map<number, string>()
  let count = -1
  let step: (() => RequestSpec) | undefined
  let read: (response: ParsedResponse) => void = () => {}

  const headersOf = (index: number) => {
    const Cookie = users[index]?.cookies ?? ownCookies.get(index)
    return {
      ...(Cookie !== undefined && { Cookie }),
      // The public limit is one of addresses.
      'X-Forwarded-For': `10.${index & 255}.${(count >> 8) & 255}.${count & 255}`
    }
  }
  const begin = (): RequestSpec => {
    count++
    const index = count % users.length
    const user = users[index]
    read = (response) => {
      const cookie = /\r\nset-cookie: (countersign-browser[^;]*)/i.exec(response.head)?.[1]
      if (cookie !== undefined) ownCookies.set(index, cookie)
      const location = locationOf(response)
      const id = /[?&]request=([\w-]+)/.exec(location)?.[1]
      step = id === undefined ? () => take(location) : () => claim(index, user?.accessToken as string, id)
    }
    return { path: authorizePath, headers: headersOf(index) }
  }
  const claim = (index: number, token: string, id: string): RequestSpec => {
    read = ({ body }) => {
      const { next, complete_url: url } = JSON.parse(body) as { next: string; complete_url: string }
      if (next !== 'complete') throw new Error(`the page has to ask for ${next}`)
      step = () => complete(index, new URL(url))
    }
    const headers = { Authorization: `Bearer ${token}`, 'Content-Length': '0' }
    return { method: 'POST', path: `/auth/authorization-requests/${id}/claim`, headers }
  }
  const complete = (index: number, { pathname, search }: URL): RequestSpec => {
    read = (response) => {
      const location = locationOf(response)
      step = () => take(location)
    }
    return { path: pathname + search, headers: headersOf(index) }
  }
  const take = (location: string): RequestSpec => {
    const code = /[?&]code=([\w-]+)/.exec(location)?.[1]
    if (code === undefined) throw new Error(`no code: ${location}`)
    read = ({ body }) => {
      if (!body.includes('"id_token"')) throw new Error('the response has no ID token')
      step = begin
    }
    return {
      method: 'POST',
      path: exchange.path,
      headers: exchange.headers,
      body: exchange.body.replace('{code}', code)
    }
  }
  return {
    next: () => (step ?? begin)(),
    onResponse: (response) => read(response)
  }
}

function locationOf({ head }: ParsedResponse): string {
  return /\r\nlocation: ([^\r\n]*)/i.exec(head)?.[1] ?? ''
}

export default createCodeFlow
