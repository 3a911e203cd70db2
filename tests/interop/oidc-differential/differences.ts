import type { Outcome } from './contestants.ts'
import type { RandomExchange } from './exchanges.ts'
import { clients, type RandomRequest, read } from './requests.ts'

/** Why the two issuers respond to some requests differently. The table stands in docs/standards.md, too. */
export const reasons = {
  order: 'A request with several faults: each names one of them.',
  fragment:
    'Responses never come in the fragment: neither errors of other response types, nor by `response_mode=fragment`.',
  responseMode:
    'A `response_mode` that is not known is `invalid_request`; `unsupported_response_mode` is a code of oidc-provider.',
  twiceMode: 'With `response_mode` there twice, the error comes in the first of them.',
  twiceUnknown: 'A parameter that is not known must not be there twice either (RFC 6749 §3.1).',
  responseType:
    'Any `response_type` but `code` is `unsupported_response_type`; there, those of other clients are `invalid_request`.',
  pushed: 'A `request_uri` of a pushed request that is not known proves no redirect URI: the error is shown on a page.',
  missing: 'On the error page a missing client is `invalid_client` and a missing redirect URI `invalid_redirect_uri`.',
  withoutOpenid: 'Without `openid` its parameters are ignored (RFC 6749 §3.1); there, they are an error.',
  hint: 'An `id_token_hint` that cannot be verified counts as absent, and with `prompt=none` is `login_required`.',
  noScope:
    'Without `scope` the scopes of the client count, and `things:read` is one of its only API; without `openid` a scope of identity alone is `invalid_scope`.',
  dpopJkt: '`dpop_jkt` has to be a thumbprint of SHA-256 (RFC 9449 §10).',
  maxAge: '`max_age` is a number in decimal digits.',
  native: 'For a native app, `prompt=none` is `consent_required`; there, `interaction_required`.',
  emptySecret:
    'A public client that sends HTTP Basic with an empty secret is a public client, and a confidential one is `invalid_client`; there, both are `invalid_request`.',
  grantFirst: 'A grant type that is missing or not known is named before the client is authenticated.'
} as const
export type Reason = keyof typeof reasons
type ExchangeReason = 'emptySecret' | 'grantFirst'

interface Parts {
  kind: string
  value: string
  mode: string
}

function parse(outcome: Outcome): Parts {
  const [, kind = '', value = '', mode = ''] = /^(\w+) (\S+)(?: by (\w+))?$/.exec(outcome) ?? []
  return { kind, value, mode }
}

/** @returns the reasons why the outcomes differ, and `undefined` when there is none */
export function explain(request: RandomRequest, oursText: Outcome, theirsText: Outcome): Reason[] | undefined {
  const [ours, theirs] = [parse(oursText), parse(theirsText)]
  const { isTwice } = read(request)
  const modes: Reason[] = []
  if (ours.kind === 'client' && theirs.kind === 'client' && ours.mode !== theirs.mode) {
    if (theirs.mode === 'fragment') modes.push('fragment')
    else if (isTwice('response_mode')) modes.push('twiceMode')
    else return undefined
  }
  if (ours.kind === theirs.kind && ours.value === theirs.value) return modes
  const reason = (Object.keys(rules) as (keyof typeof rules)[]).find((one) => rules[one](request, ours, theirs))
  return reason && [...modes, reason]
}

type Rule = (request: RandomRequest, ours: Parts, theirs: Parts) => boolean

const is = ({ kind, value }: Parts, outcome: string) => `${kind} ${value}` === outcome
const ofOpenId = ['acr_values', 'claims', 'claims_locales', 'id_token_hint', 'max_age', 'nonce']
const isUnverifiable = (request: RandomRequest) => read(request).get('id_token_hint') !== undefined
const hasOpenId = (request: RandomRequest) => read(request).get('scope')?.split(' ').includes('openid') ?? false

const rules: Readonly<Record<Exclude<Reason, 'twiceMode' | ExchangeReason>, Rule>> = {
  responseMode: (request, ours, theirs) =>
    is(ours, 'client invalid_request') && is(theirs, 'client unsupported_response_mode') && !hasKnownMode(request),
  fragment: (request, ours, theirs) =>
    is(ours, 'client invalid_request') && theirs.kind !== 'page' && read(request).get('response_mode') === 'fragment',
  twiceUnknown: (request, ours, theirs) =>
    is(ours, 'client invalid_request') &&
    theirs.kind !== 'page' &&
    ['unknown_parameter', 'claims'].some((name) => read(request).isTwice(name)),
  responseType: (request, ours, theirs) =>
    is(ours, 'client unsupported_response_type') &&
    is(theirs, 'client invalid_request') &&
    ['token', 'id_token', 'code id_token', 'none'].includes(read(request).get('response_type') ?? ''),
  pushed: (request, ours) =>
    is(ours, 'page invalid_request') && read(request).get('request_uri')?.startsWith('urn:') === true,
  missing: (request, ours, theirs) =>
    theirs.kind === 'page' &&
    ((is(ours, 'page invalid_client') && read(request).get('client_id') === undefined) ||
      (is(ours, 'page invalid_redirect_uri') && read(request).get('redirect_uri') === undefined)),
  withoutOpenid: (request, _ours, theirs) =>
    is(theirs, 'client invalid_request') &&
    !hasOpenId(request) &&
    ofOpenId.some((name) => read(request).get(name) !== undefined),
  hint: (request, ours, theirs) =>
    isUnverifiable(request) && is(theirs, 'client invalid_request') && ['asks', 'client'].includes(ours.kind),
  maxAge: (request, ours, theirs) =>
    is(ours, 'client invalid_request') &&
    theirs.kind !== 'page' &&
    ['1e3', '0x10'].includes(read(request).get('max_age') ?? ''),
  native: (request, ours, theirs) =>
    is(ours, 'client consent_required') &&
    is(theirs, 'client interaction_required') &&
    read(request).get('client_id') === 'native',
  noScope: (request, ours, theirs) =>
    !hasOpenId(request) &&
    ((is(theirs, 'client access_denied') && !isUnverifiable(request)) || is(ours, 'client invalid_scope')),
  dpopJkt: (request, ours, theirs) =>
    is(ours, 'client invalid_request') && theirs.kind !== 'page' && read(request).get('dpop_jkt') === 'no thumbprint',
  order: (request, ours, theirs) => {
    if (ours.kind !== theirs.kind) return false
    const faults = faultsOf(request)
    const [a, b] = [ours, theirs].map(({ value }) => faults.filter((codes) => codes.includes(value)))
    return faults.length > 1 && a !== undefined && b !== undefined && a.length > 0 && b.length > 0
  }
}

const hasKnownMode = (request: RandomRequest) =>
  [undefined, 'query', 'form_post', 'fragment'].includes(read(request).get('response_mode'))

/** What is wrong with a request, and the codes that each fault may have. */
function faultsOf(request: RandomRequest): readonly string[][] {
  const { get, twice } = read(request)
  const client = clients.find(({ id }) => id === get('client_id'))
  const [scopes, challenge, method] = [
    get('scope')?.split(' ') ?? [],
    get('code_challenge'),
    get('code_challenge_method')
  ]
  const faults: [boolean, ...string[]][] = [
    [client === undefined, 'invalid_client', 'invalid_request'],
    [get('redirect_uri') !== client?.redirectUri, 'invalid_redirect_uri', 'invalid_request'],
    [twice.length > 0, 'invalid_request'],
    [get('request') !== undefined, 'request_not_supported'],
    [get('request_uri') !== undefined, 'request_uri_not_supported', 'invalid_request_uri', 'invalid_request'],
    [get('registration') !== undefined, 'registration_not_supported'],
    [get('response_type') === undefined, 'invalid_request'],
    [get('response_type') !== 'code', 'unsupported_response_type', 'invalid_request'],
    [!hasKnownMode(request), 'unsupported_response_mode', 'invalid_request'],
    [challenge === undefined && (client?.requiresPkce ?? true), 'invalid_request'],
    [(challenge === undefined) !== (method === undefined), 'invalid_request'],
    [method !== undefined && method !== 'S256', 'invalid_request'],
    [challenge !== undefined && !/^[\w-]{43}$/.test(challenge), 'invalid_request'],
    [/"/.test(get('scope') ?? ''), 'invalid_scope'],
    [!scopes.includes('openid') && !scopes.includes('things:read'), 'invalid_scope', 'invalid_request'],
    [!['https://things.example.com', undefined].includes(get('resource')), 'invalid_target'],
    [['none login', 'create', 'nonsense'].includes(get('prompt') ?? ''), 'invalid_request'],
    [!/^(\d+)?$/.test(get('max_age') ?? ''), 'invalid_request'],
    [get('dpop_jkt') === 'no thumbprint', 'invalid_request'],
    [isUnverifiable(request), 'invalid_request', 'login_required'],
    [get('prompt') === 'none', 'login_required', 'consent_required', 'interaction_required']
  ]
  return faults.filter(([isThere]) => isThere).map(([, ...codes]) => codes)
}

/** The same for the exchange of a code; outcomes are a status and an error. */
export function explainExchange(exchange: RandomExchange, ours: Outcome, theirs: Outcome): Reason | undefined {
  const { authentication, code, parameters } = exchange
  const isGrantMissing = parameters.grant_type !== 'authorization_code'
  if (authentication === 'empty secret' && theirs === '400 invalid_request') return 'emptySecret'
  if (isGrantMissing && authentication !== 'right' && ['401 invalid_client', '400 invalid_request'].includes(theirs))
    return ['400 unsupported_grant_type', '400 invalid_request'].includes(ours) ? 'grantFirst' : undefined
  const isMalformed = parameters.code_verifier?.length === 42
  const isOrder = ours === '400 invalid_request' && theirs === '400 invalid_grant' && isMalformed && code !== 'fresh'
  return isOrder ? 'order' : undefined
}
