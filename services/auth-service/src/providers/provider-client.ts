import {
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  type CustomFetch,
  calculatePKCECodeChallenge,
  fetchUserInfo
} from 'openid-client'
import { z } from 'zod'
import { parseDisplayName } from '../accounts/display-names.ts'
import { isMailable, parseEmail } from '../accounts/email-addresses.ts'
import type { OutboundFetch } from '../outbound/outbound-fetch.ts'
import type { Arrival } from './provider.ts'
import { createProviderConfigurations, type ProviderWithSecret } from './provider-configurations.ts'
import { ProviderRefusedError, ProviderUnavailableError } from './provider-errors.ts'
import { createProviderFetch, inTime } from './provider-requests.ts'

/** What goes to a provider with a browser. */
export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  /** The PKCE code verifier (RFC 7636). */
  readonly verifier: string
}

export interface AuthorizationUrlRequest extends AuthorizationRequest {
  /** Whether the user has to sign in there, even if the browser is signed in. */
  readonly asksAgain: boolean
}

/** What comes back with it, besides the state, which is known to be valid. */
export interface AuthorizationResponse extends AuthorizationRequest {
  readonly parameters: Readonly<Record<string, string>>
}

/** Talks to providers. Both methods throw {@link ProviderUnavailableError} for one that does not respond in time. */
export interface ProviderClient {
  authorizationUrl(provider: ProviderWithSecret, request: AuthorizationUrlRequest): Promise<string>
  /** @throws {ProviderRefusedError} when the user has declined, or the response cannot be trusted */
  identify(provider: ProviderWithSecret, response: AuthorizationResponse): Promise<Arrival>
}

export function createProviderClient(outboundFetch: OutboundFetch): ProviderClient {
  const fetch = createProviderFetch(outboundFetch)
  const findConfiguration = createProviderConfigurations(fetch)
  return {
    authorizationUrl: (provider, request) =>
      inTime(
        findConfiguration(provider).then((configuration) => authorizationUrl(configuration, provider, request))
      ).catch((error: unknown) => {
        if (error instanceof ProviderUnavailableError) throw error
        throw new ProviderUnavailableError(`the metadata of ${provider.id} is not usable`, error)
      }),
    identify: (provider, response) =>
      inTime(identify(provider, response)).catch((error: unknown) => {
        if (error instanceof ProviderUnavailableError || error instanceof ProviderRefusedError) throw error
        if (error instanceof AuthorizationResponseError)
          throw new ProviderRefusedError('provider_declined', { detail: error.error, cause: error })
        throw new ProviderRefusedError('invalid_provider_response', { detail: String(error), cause: error })
      })
  }

  async function identify(provider: ProviderWithSecret, response: AuthorizationResponse): Promise<Arrival> {
    const configuration = await findConfiguration(provider)
    const url = new URL(response.redirectUri)
    for (const name of ['code', 'state', 'iss', 'error', 'error_description']) {
      const value = response.parameters[name]
      if (value !== undefined) url.searchParams.set(name, value)
    }
    const isOpenId = provider.kind !== 'github'
    const tokens = await authorizationCodeGrant(configuration, url, {
      expectedState: response.state,
      pkceCodeVerifier: response.verifier,
      ...(isOpenId && { expectedNonce: response.nonce, idTokenExpected: true })
    })
    if (!isOpenId) return identifyAtGithub(fetch, provider, tokens.access_token)
    const claims = idTokenClaims.parse(tokens.claims())
    const { userinfo_endpoint: hasMore } = configuration.serverMetadata()
    // Some say the address only there. Its subject has to be the same.
    const profile =
      claims.email === undefined && hasMore !== undefined && provider.kind !== 'microsoft'
        ? profileClaims.parse(await fetchUserInfo(configuration, tokens.access_token, claims.sub))
        : claims
    return arrivalOf(provider, { ...claims, ...profile }, response.parameters)
  }
}

const text = z.string().min(1).max(1024).optional().catch(undefined)
const profileClaims = z.object({
  email: text,
  // Apple writes it as text.
  email_verified: z
    .union([z.boolean(), z.literal('true').transform(() => true)])
    .optional()
    .catch(undefined),
  hd: text,
  preferred_username: text,
  nickname: text,
  given_name: text,
  name: text
})
const idTokenClaims = profileClaims.extend({
  iss: z.string().min(1).max(1024),
  sub: z.string().min(1).max(255),
  tid: text,
  oid: text,
  amr: z.array(z.string().max(64)).max(32).optional().catch(undefined),
  auth_time: z.number().min(0).max(1e11).optional().catch(undefined)
})

const tenYearsSeconds = 10 * 365 * 86_400

async function authorizationUrl(
  configuration: Configuration,
  { kind, scopes }: ProviderWithSecret,
  { redirectUri, state, nonce, verifier, asksAgain }: AuthorizationUrlRequest
): Promise<string> {
  return buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    // A request with max_age makes a provider send auth_time (OpenID Connect Core §2); ten years let every sign-in pass.
    ...(kind !== 'github' && { nonce, max_age: asksAgain ? '0' : String(tenYearsSeconds) }),
    // Google and Apple refuse the value.
    ...(asksAgain && (kind === 'oidc' || kind === 'microsoft') && { prompt: 'login' }),
    // Apple asks for it as soon as there is a scope.
    ...(kind === 'apple' && { response_mode: 'form_post' })
  }).href
}

function arrivalOf(
  { kind }: ProviderWithSecret,
  claims: z.infer<typeof idTokenClaims>,
  parameters: Readonly<Record<string, string>>
): Arrival {
  const nameAtApple = kind === 'apple' ? nameOf(parameters.user) : undefined
  return {
    issuer: claims.iss,
    subject: kind === 'microsoft' ? objectIdOf(claims) : claims.sub,
    address: addressOf(claims.email),
    isAddressVerified: claims.email_verified === true,
    organizationDomain: claims.hd,
    names: [
      claims.preferred_username,
      claims.nickname,
      nameAtApple,
      claims.email,
      claims.given_name,
      claims.name
    ].filter((name) => name !== undefined),
    displayName: parseDisplayName(claims.name ?? nameAtApple ?? ''),
    amr: claims.amr ?? [],
    authenticatedAt: claims.auth_time
  }
}

/** `sub` differs from client to client; within the tenant, which is part of the issuer, the object id is the user. */
function objectIdOf({ iss, tid, oid }: z.infer<typeof idTokenClaims>): string {
  if (oid === undefined || tid === undefined || !iss.includes(tid))
    throw new ProviderRefusedError('invalid_provider_response', { detail: 'no tid and oid' })
  return oid
}

/** Apple sends it beside the code, once. */
function nameOf(user: string | undefined): string | undefined {
  try {
    const { name } = z.object({ name: z.object({ firstName: z.string().max(256) }) }).parse(JSON.parse(user ?? ''))
    return name.firstName
  } catch {
    return undefined
  }
}

function addressOf(email: string | undefined): string | undefined {
  const address = email === undefined ? undefined : parseEmail(email)
  return address !== undefined && isMailable(address) ? address : undefined
}

const githubUser = z.object({ id: z.int().positive(), login: z.string().max(256), name: text })
const githubEmails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))

/** A login can be changed, and taken by somebody else; the number stays. */
async function identifyAtGithub(
  fetch: CustomFetch,
  { issuer }: ProviderWithSecret,
  accessToken: string
): Promise<Arrival> {
  const api = issuer === 'https://github.com' ? 'https://api.github.com' : `${issuer}/api/v3`
  const user = githubUser.parse(await read('/user'))
  const emails = githubEmails.parse(await read('/user/emails'))
  const primary = emails.find((email) => email.primary && email.verified)
  return {
    issuer,
    subject: String(user.id),
    address: addressOf(primary?.email),
    isAddressVerified: primary !== undefined,
    organizationDomain: undefined,
    names: [user.login],
    displayName: parseDisplayName(user.name ?? ''),
    amr: [],
    authenticatedAt: undefined
  }

  async function read(path: string): Promise<unknown> {
    const headers = {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${accessToken}`,
      'user-agent': 'countersign'
    }
    const response = await fetch(`${api}${path}`, { method: 'GET', headers, body: undefined, redirect: 'manual' })
    if (!response.ok)
      throw new ProviderRefusedError('invalid_provider_response', {
        detail: `${path} responded with ${response.status}`
      })
    return response.json()
  }
}
