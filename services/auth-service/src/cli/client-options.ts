import { readFile } from 'node:fs/promises'
import type { JSONWebKeySet } from 'jose'
import { clientAuthMethods, tokenExchangeGrant } from '../clients/client.ts'
import type { NewClient } from '../clients/client-administration.ts'
import { checkClient } from '../clients/client-rules.ts'
import { clientBody } from '../wire/clients.ts'
import { UsageError } from './failures.ts'
import { parseOption } from './options.ts'

/** The options of the command line that describe a client. */
export interface ClientOptions {
  name?: string
  authMethod?: string
  grantType?: string[]
  scope?: string[]
  audience?: string[]
  resource?: string[]
  mayActFor?: string[]
  mayCarryRoles?: boolean
  mayUnbindTokens?: boolean
  exchange?: string[]
  jwksFile?: string
  jwksUri?: string
  ttl?: string
  applicationType?: string
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  backchannelLogoutUri?: string
  logoUri?: string
  policyUri?: string
  tosUri?: string
  withoutPkce?: boolean
  firstParty?: boolean
  idTokenTtl?: string
}

const maxFileBytes = 64 * 1024
const { shape } = clientBody

/** @throws {UsageError} */
export function requireClientId(text: string): string {
  return parseOption(shape.client_id, text, '<id>')
}

/**
 * Reads a client from the options, by the rules of `POST /admin/clients`. It has no secret yet.
 * @throws {UsageError} {@link InvalidRequestError} for what that route would reject
 */
export async function readClient(id: string, options: ClientOptions): Promise<NewClient> {
  const authMethod = parseOption(
    shape.token_endpoint_auth_method,
    options.authMethod ?? clientAuthMethods[0],
    '--auth-method'
  )
  const client = {
    id: requireClientId(id),
    name: parseOption(shape.name, options.name, '--name') ?? id,
    authMethod,
    jwks: options.jwksFile === undefined ? null : await readKeySet(options.jwksFile),
    jwksUri: parseOption(shape.jwks_uri, options.jwksUri, '--jwks-uri') ?? null,
    secretHashes: [],
    grantTypes: parseOption(shape.grant_types, grantTypes(options), '--grant-type'),
    scopes: parseOption(shape.scopes, options.scope, '--scope'),
    audiences: parseOption(shape.audiences, options.audience, '--audience'),
    resources: parseOption(shape.resources, options.resource, '--resource'),
    mayActFor: parseOption(shape.may_act_for, options.mayActFor, '--may-act-for'),
    mayCarryRoles: options.mayCarryRoles ?? false,
    mayUnbindTokens: options.mayUnbindTokens ?? false,
    exchangeRules: parseOption(shape.exchange_rules, options.exchange?.map(readRule), '--exchange'),
    accessTokenTtlSeconds: parseOption(shape.access_token_ttl_seconds, seconds(options.ttl, '--ttl'), '--ttl') ?? null,
    applicationType: parseOption(shape.application_type, options.applicationType, '--application-type'),
    redirectUris: parseOption(shape.redirect_uris, options.redirectUri, '--redirect-uri'),
    postLogoutRedirectUris: parseOption(
      shape.post_logout_redirect_uris,
      options.postLogoutRedirectUri,
      '--post-logout-redirect-uri'
    ),
    backchannelLogoutUri:
      parseOption(shape.backchannel_logout_uri, options.backchannelLogoutUri, '--backchannel-logout-uri') ?? null,
    logoUri: parseOption(shape.logo_uri, options.logoUri, '--logo-uri') ?? null,
    policyUri: parseOption(shape.policy_uri, options.policyUri, '--policy-uri') ?? null,
    tosUri: parseOption(shape.tos_uri, options.tosUri, '--tos-uri') ?? null,
    requirePkce: !options.withoutPkce,
    isFirstParty: options.firstParty ?? false,
    idTokenTtlSeconds:
      parseOption(shape.id_token_ttl_seconds, seconds(options.idTokenTtl, '--id-token-ttl'), '--id-token-ttl') ?? null
  }
  checkClient(client)
  return client
}

/** The longest of their names has a short form here. A client that only names a resource introspects, and needs no grant. */
function grantTypes({ grantType, audience, resource, redirectUri }: ClientOptions): string[] {
  const onlyIntrospects = audience === undefined && resource !== undefined
  const usual = redirectUri ? ['authorization_code', 'refresh_token'] : onlyIntrospects ? [] : ['client_credentials']
  return (grantType ?? usual).map((name) => (name === 'token-exchange' ? tokenExchangeGrant : name))
}

/** `FROM [SCOPE] > TO SCOPE …`: none of them has a space in it. */
function readRule(text: string) {
  const words = text.trim().split(/ +/)
  const arrow = words.indexOf('>')
  const [from, scope, ...tooMany] = words.slice(0, Math.max(0, arrow))
  const [to, ...scopes] = words.slice(arrow + 1)
  if (from === undefined || scopes.length === 0 || tooMany.length > 0) {
    throw new UsageError(
      '--exchange: must be "FROM [SCOPE] > TO SCOPE …": an API, maybe a scope of it, >, another API, its scopes.'
    )
  }
  return { from, ...(scope !== undefined && { scope }), to, scopes }
}

function seconds(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option}: must be a whole number of seconds.`)
  return Number(text)
}

/** A JWKS, or a single public key. */
async function readKeySet(file: string): Promise<JSONWebKeySet> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--jwks-file: cannot be read (${error.code}).`)
  })
  if (Buffer.byteLength(text) > maxFileBytes) throw new UsageError(`--jwks-file: has more than ${maxFileBytes} bytes.`)
  const document = parseJson(text)
  const isOneKey = typeof document === 'object' && document !== null && 'kty' in document
  const keySet = shape.jwks.safeParse(isOneKey ? { keys: [document] } : document)
  if (!keySet.success || !keySet.data) throw new UsageError('--jwks-file: is not a JWKS (RFC 7517).')
  return keySet.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Without the cause: it quotes the text, which may be a private key by mistake.
    return undefined
  }
}
