import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'

export const api = 'https://things.example.com'
export const otherApi = 'https://other.example.com'
export const redirectUri = 'https://app.example.com/callback'
export const nativeRedirect = 'http://127.0.0.1/callback'

/** The clients that both issuers know. */
export const clients = [
  { id: 'single-page', method: 'none', type: 'web', redirectUri, requiresPkce: true },
  { id: 'web', method: 'client_secret_basic', type: 'web', redirectUri, requiresPkce: true },
  { id: 'old-web', method: 'client_secret_post', type: 'web', redirectUri, requiresPkce: false },
  { id: 'native', method: 'none', type: 'native', redirectUri: nativeRedirect, requiresPkce: true }
] as const
export type ClientName = (typeof clients)[number]['id']

export const verifier = randomBytes(32).toString('base64url')
export const challenge = createHash('sha256').update(verifier).digest('base64url')

/** Who is signed in in the browser that begins. */
export const sessions = ['nobody', 'new user', 'user who allowed it'] as const
export type SessionKind = (typeof sessions)[number]

export interface RandomRequest {
  readonly session: SessionKind
  readonly method: 'GET' | 'POST'
  /** In the order in which they are sent; a name may be there twice. */
  readonly parameters: readonly (readonly [string, string])[]
}

const absent = undefined
/** Becomes the redirect URI of the client. */
const ownRedirect = 'own'
type Choice = readonly [weight: number, value: string | undefined]
const choose = (...choices: readonly Choice[]) =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

/** Mostly good requests with one or two members that are not: else the first error hides all others. */
const members: Readonly<Record<string, fc.Arbitrary<string | undefined>>> = {
  client_id: choose([50, 'single-page'], [30, 'web'], [30, 'old-web'], [30, 'native'], [2, 'unknown'], [1, absent]),
  redirect_uri: choose(
    [150, ownRedirect],
    [5, 'http://127.0.0.1:49152/callback'],
    [1, 'http://localhost/callback'],
    [1, 'http://localhost.evil.test/callback'],
    [1, 'http://127.0.0.1@evil.test/callback'],
    [1, `${redirectUri}/`],
    [1, `${redirectUri}?a=b`],
    [1, `${redirectUri}#fragment`],
    [1, 'https://app.example.com/..;/callback'],
    [1, 'https://APP.example.com/callback'],
    [1, 'https://app.example.com:444/callback'],
    [1, 'https://app.example.com.evil.test/callback'],
    [1, 'https://app.example.com/call%62ack'],
    [1, 'javascript:alert(1)'],
    [1, absent]
  ),
  response_type: choose(
    [100, 'code'],
    [2, 'token'],
    [2, 'id_token'],
    [2, 'code id_token'],
    [2, 'none'],
    [2, 'nonsense'],
    [1, absent]
  ),
  scope: choose(
    [50, 'openid'],
    [20, 'openid profile email'],
    [20, 'openid things:read'],
    [10, 'openid offline_access'],
    [5, 'openid unknown'],
    [3, 'things:read'],
    [2, 'profile'],
    [2, 'openid "quoted"'],
    [2, absent]
  ),
  state: choose([60, 'the state'], [20, absent], [2, 'x'.repeat(200)], [2, 'ü&<"']),
  nonce: choose([60, 'the nonce'], [20, absent]),
  code_challenge: choose(
    [90, challenge],
    [8, absent],
    [3, verifier.slice(1)],
    [3, `${challenge}=`],
    [2, 'ü'.repeat(43)]
  ),
  code_challenge_method: choose([95, 'S256'], [6, absent], [3, 'plain'], [2, 's256'], [2, 'S512']),
  prompt: choose(
    [100, absent],
    [15, 'none'],
    [6, 'login'],
    [6, 'consent'],
    [4, 'login consent'],
    [2, 'none login'],
    [2, 'create'],
    [2, 'nonsense']
  ),
  max_age: choose([110, absent], [5, '10000'], [4, '0'], [2, '-1'], [2, 'soon'], [2, '1.5'], [1, '1e3'], [1, '0x10']),
  response_mode: choose(
    [100, absent],
    [10, 'query'],
    [10, 'form_post'],
    [3, 'fragment'],
    [2, 'nonsense'],
    [2, 'query.jwt']
  ),
  resource: choose([100, absent], [15, api], [3, otherApi], [3, 'https://unknown.example.com'], [2, 'no uri']),
  login_hint: choose([100, absent], [4, 'ada@example.com']),
  ui_locales: choose([100, absent], [4, 'de en'], [2, '???']),
  display: choose([100, absent], [2, 'popup'], [2, 'nonsense']),
  acr_values: choose([100, absent], [3, 'urn:countersign:acr:1'], [3, 'urn:example:unknown']),
  id_token_hint: choose([110, absent], [3, 'no.id.token'], [3, 'no id token']),
  claims: choose([110, absent], [2, '{"id_token":{"email":null}}'], [2, 'no json']),
  request: choose([130, absent], [2, 'eyJhbGciOiJub25lIn0.e30.']),
  request_uri: choose(
    [130, absent],
    [1, 'https://app.example.com/request.jwt'],
    [1, 'urn:ietf:params:oauth:request_uri:unknown']
  ),
  registration: choose([130, absent], [2, '{}']),
  dpop_jkt: choose([110, absent], [3, challenge], [2, 'no thumbprint']),
  unknown_parameter: choose([100, absent], [4, 'is ignored'])
}

export const randomRequests: fc.Arbitrary<RandomRequest> = fc
  .record({
    session: fc.constantFrom(...sessions),
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST'),
    members: fc.record(members),
    twice: fc.oneof(
      { weight: 30, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...Object.keys(members)) }
    )
  })
  .map(({ session, method, members: chosen, twice }) => {
    const own = clients.find(({ id }) => id === chosen.client_id)?.redirectUri ?? redirectUri
    const parameters = Object.entries(chosen).flatMap(([name, value]) => {
      if (value === undefined) return []
      const pair = [name, value === ownRedirect ? own : value] as const
      return name === twice ? [pair, pair] : [pair]
    })
    return { session, method, parameters }
  })

/** The value of a member, and whether it appears twice. */
export function read({ parameters }: RandomRequest) {
  const values = (name: string) => parameters.filter(([one]) => one === name).map(([, value]) => value)
  return {
    get: (name: string) => values(name)[0],
    isTwice: (name: string) => values(name).length > 1,
    twice: [...new Set(parameters.map(([name]) => name))].filter((name) => values(name).length > 1)
  }
}
