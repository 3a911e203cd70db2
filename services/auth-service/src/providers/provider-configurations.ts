import { sign } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  None
} from 'openid-client'
import type { Provider, ProviderSecret } from './provider.ts'

export type ProviderWithSecret = Provider & { readonly secret: ProviderSecret | undefined }

/** Finds what the client of a provider needs: its metadata, from discovery, and how this service authenticates itself there. */
export type FindConfiguration = (provider: ProviderWithSecret) => Promise<Configuration>

const maxKnown = 64
const knownMs = 3_600_000
const discoverySeconds = 5
const appleSecretSeconds = 300

/** Remembers the metadata of a provider for an hour. What could not be fetched is fetched again at the next request. */
export function createProviderConfigurations(fetch: CustomFetch): FindConfiguration {
  const known = new LRUCache<string, Promise<Configuration>>({ max: maxKnown, ttl: knownMs })
  return (provider) => {
    const key = `${provider.id} ${provider.changedAt.getTime()}`
    const found = known.get(key)
    if (found) return found
    const made = provider.kind === 'github' ? Promise.resolve(githubOf(provider, fetch)) : discover(provider, fetch)
    known.set(key, made)
    made.catch(() => known.delete(key))
    return made
  }
}

async function discover(provider: ProviderWithSecret, fetch: CustomFetch): Promise<Configuration> {
  const { issuer, clientId, secret } = provider
  const configuration = await discovery(new URL(issuer), clientId, undefined, authenticateWith(secret), {
    [customFetch]: fetch,
    timeout: discoverySeconds,
    // The fetch itself refuses http, except to loopback where private networks are allowed.
    execute: [allowInsecureRequests]
  })
  // The signature of ID tokens is checked, also of those that come straight from the provider.
  enableNonRepudiationChecks(configuration)
  return configuration
}

/** GitHub has OAuth 2 without OpenID Connect. */
function githubOf({ issuer, clientId, secret }: ProviderWithSecret, fetch: CustomFetch): Configuration {
  const server = {
    issuer: `${issuer}/login/oauth`,
    authorization_endpoint: `${issuer}/login/oauth/authorize`,
    token_endpoint: `${issuer}/login/oauth/access_token`
  }
  const auth = secret?.kind === 'secret' ? ClientSecretPost(secret.secret) : None()
  const configuration = new Configuration(server, clientId, undefined, auth)
  configuration[customFetch] = fetch
  allowInsecureRequests(configuration)
  return configuration
}

function authenticateWith(secret: ProviderSecret | undefined): ClientAuth {
  if (!secret) return None()
  if (secret.kind === 'apple_key') return authenticateWithKey(secret)
  const [basic, post] = [ClientSecretBasic(secret.secret), ClientSecretPost(secret.secret)]
  return (server, client, body, headers) => {
    // RFC 8414 §2: client_secret_basic where the metadata says nothing.
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const authenticate = methods.includes('client_secret_basic') ? basic : post
    authenticate(server, client, body, headers)
  }
}

/** Apple's client secret is a JWT (ES256) that lives shortly. */
function authenticateWithKey({ teamId, keyId, privateKey }: ProviderSecret & { kind: 'apple_key' }): ClientAuth {
  return (server, { client_id: clientId }, body) => {
    const now = Math.floor(Date.now() / 1000)
    const header = { alg: 'ES256', kid: keyId }
    const claims = { iss: teamId, sub: clientId, aud: server.issuer, iat: now, exp: now + appleSecretSeconds }
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    body.set('client_id', clientId)
    body.set('client_secret', `${signed}.${signature.toString('base64url')}`)
  }
}
