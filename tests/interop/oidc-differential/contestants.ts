import {
  basic,
  type CodeTokens,
  createAuthorizingBrowser,
  type Parameters,
  postForm,
  queryOf,
  type Sent,
  type Trio
} from '@countersign/testing/trio'
import { secretOf } from './certified-issuer.ts'
import type { RandomExchange } from './exchanges.ts'
import {
  api,
  challenge,
  clients,
  type RandomRequest,
  read,
  redirectUri,
  type SessionKind,
  verifier
} from './requests.ts'

/**
 * What becomes of a request. `page …`: an error that the client does not hear of. `client …`: the error, or the code, that it hears, and
 * how. `asks …`: what the user is asked for.
 */
export type Outcome = string

const pages = 'https://pages.example.com'

/** @param tokens of the users who are signed in */
export function createOurs(
  { auth }: Pick<Trio, 'auth'>,
  tokens: Readonly<Record<Exclude<SessionKind, 'nobody'>, string>>
): (request: RandomRequest) => Promise<Outcome> {
  let addresses = 0
  return async ({ session, method, parameters }) => {
    addresses++
    // Each address has few requests.
    const headers = { 'X-Forwarded-For': `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}` }
    const browser = createAuthorizingBrowser(auth.url)
    const query = new URLSearchParams(parameters.map((pair) => [...pair])).toString()
    const at = `${auth.url}/oauth/authorize`
    let sent =
      method === 'GET'
        ? await browser.open(`${at}?${query}`, { headers })
        : await browser.open(at, {
            method,
            body: query,
            headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' }
          })
    if (sent.to.endsWith('/oauth/authorize'))
      sent = await browser.open(`${at}?${queryOf(sent.parameters)}`, { headers })
    if (sent.to === `${pages}/authorize/error`) return `page ${sent.parameters.error}`
    if (sent.to !== `${pages}/authorize`) return toClient(sent)
    const id = sent.parameters.request as string
    const isSilent = read({ session, method, parameters }).get('prompt') === 'none'
    if (session === 'nobody') {
      if (!isSilent) return 'asks login'
      return toClient(await browser.open(`${at}/complete?request=${id}`))
    }
    const claimed = await browser.claim(id, tokens[session])
    if (!isSilent && claimed.status === 401 && claimed.body.error === 'insufficient_user_authentication')
      return 'asks login'
    if (!isSilent && claimed.status === 200 && claimed.body.next !== 'complete') return `asks ${claimed.body.next}`
    const url = claimed.status === 200 ? claimed.body.complete_url : `${at}/complete?request=${id}`
    return toClient(await browser.open(url))
  }
}

export function createTheirs(issuer: string, cookies: string): (request: RandomRequest) => Promise<Outcome> {
  return async ({ session, method, parameters }) => {
    const headers = {
      ...(session !== 'nobody' && { Cookie: cookies }),
      ...(session === 'user who allowed it' && { 'X-Consented': 'yes' })
    }
    const query = new URLSearchParams(parameters.map((pair) => [...pair]))
    const init = { method, headers, redirect: 'manual' } as const
    const response =
      method === 'GET'
        ? await fetch(`${issuer}/auth?${query}`, init)
        : await fetch(`${issuer}/auth`, { ...init, body: query })
    const text = await response.text()
    const location = response.headers.get('Location')
    if (location === null) {
      if (!text.includes('<form')) return `page ${text}`
      const [, error] = /name="error" value="(\w+)"/.exec(text) ?? []
      return `client ${error ?? 'code'} by form`
    }
    const url = new URL(location, issuer)
    if (url.pathname.startsWith('/interaction/')) return `asks ${url.searchParams.get('prompt')}`
    const inFragment = new URLSearchParams(url.hash.slice(1))
    const error = url.searchParams.get('error') ?? inFragment.get('error') ?? 'code'
    return `client ${error}${inFragment.size > 0 ? ' by fragment' : ''}`
  }
}

function toClient({ status, to, parameters }: Sent): Outcome {
  if (to === '') return `broken ${status}`
  return `client ${parameters.error ?? (parameters.code ? 'code' : 'nothing')}${status === 200 ? ' by form' : ''}`
}

/** @param token of the user */
export function createOurCodes(
  { auth }: Pick<Trio, 'auth'>,
  token: string,
  secrets: ReadonlyMap<string, string>
): CodeIssuer {
  return {
    tokenEndpoint: `${auth.url}/oauth/token`,
    secretOf: (clientId) => secrets.get(clientId) as string,
    codeFor: async (parameters) =>
      (await createAuthorizingBrowser(auth.url).authorize(parameters, token)).code as string
  }
}

export function createTheirCodes(issuer: string): CodeIssuer {
  return {
    tokenEndpoint: `${issuer}/token`,
    secretOf,
    async codeFor(parameters) {
      const browser = createAuthorizingBrowser(issuer)
      let url = `${issuer}/auth?${queryOf(parameters)}`
      for (let hop = 0; hop < 8; hop++) {
        const { headers, parameters: sent } = await browser.open(url)
        if (sent.code) return sent.code
        url = new URL(headers.get('Location') ?? '', url).href
      }
      throw new Error(`the browser did not come back: ${url}`)
    }
  }
}

/** What an exchange needs of an issuer. */
export interface CodeIssuer {
  readonly tokenEndpoint: string
  secretOf(clientId: string): string
  /** @returns a code for a user who allows everything */
  codeFor(parameters: Parameters): Promise<string>
}

const publicClients: readonly string[] = clients.filter(({ method }) => method === 'none').map(({ id }) => id)

export async function exchangeAt(issuer: CodeIssuer, exchange: RandomExchange): Promise<Outcome> {
  const { clientId, code, hasChallenge, parameters } = exchange
  const newCode = (id: string) =>
    issuer.codeFor({
      client_id: id,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'openid profile offline_access things:read',
      prompt: 'consent',
      resource: api,
      ...((hasChallenge || id !== 'old-web') && { code_challenge: challenge, code_challenge_method: 'S256' })
    })
  const send = async (authentication: RandomExchange['authentication'], all: Parameters) => {
    const { headers, members } = authenticate(issuer, clientId, authentication)
    return postForm<CodeTokens>(issuer.tokenEndpoint, { ...all, ...members }, headers)
  }
  const codes = {
    fresh: () => newCode(clientId),
    used: async () => {
      const used = await newCode(clientId)
      const code_verifier = hasChallenge || clientId !== 'old-web' ? verifier : undefined
      const good = { grant_type: 'authorization_code', code: used, redirect_uri: redirectUri, code_verifier }
      const { status, body } = await send('right', good)
      if (status !== 200) throw new Error(`the first exchange responded with ${JSON.stringify(body)}`)
      return used
    },
    'of another client': () => newCode(clientId === 'web' ? 'old-web' : 'web'),
    unknown: async () => 'x'.repeat(43),
    none: async () => undefined
  }
  const { status, body } = await send(exchange.authentication, { ...parameters, code: await codes[code]() })
  if (status !== 200) return `${status} ${body.error}`
  return ['200', body.id_token && 'ID token', body.refresh_token && 'refresh token'].filter(Boolean).join(' ')
}

function authenticate(issuer: CodeIssuer, clientId: string, authentication: RandomExchange['authentication']) {
  const method = clients.find(({ id }) => id === clientId)?.method
  const secret =
    authentication === 'wrong secret'
      ? 'wrong'
      : publicClients.includes(clientId)
        ? 'secret'
        : issuer.secretOf(clientId)
  const inHeader = basic(clientId, secret)
  const inBody = { client_id: clientId, client_secret: secret }
  if (authentication === 'empty secret') return { headers: basic(clientId, ''), members: {} }
  if (authentication === 'by both methods') return { headers: inHeader, members: inBody }
  if (authentication === 'none' || (method === 'none' && authentication === 'right'))
    return { headers: {}, members: { client_id: clientId } }
  return method === 'client_secret_basic' ? { headers: inHeader, members: {} } : { headers: {}, members: inBody }
}
