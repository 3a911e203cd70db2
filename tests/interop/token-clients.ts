/** Libraries from npm that get tokens, each configured as its own documentation says. */

import type { ClientKey } from '@countersign/testing/trio'
import { type CryptoKey, importJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

/** What a user of such a library tells it. */
export interface Registration {
  readonly issuer: string
  readonly clientId: string
  /** Neither for a public client. */
  readonly secret?: string
  readonly key?: ClientKey
  /** The metadata to begin at. */
  readonly document?: 'oauth2' | 'oidc'
  /** Proves its possession of this key with each request. */
  readonly proofKey?: ClientKey
}

type Parameters = Record<string, string>

export interface TokenClient {
  readonly metadata: Readonly<Record<string, unknown>>
  clientCredentials(parameters?: Parameters): Promise<oauth.TokenEndpointResponse>
  refresh(refreshToken: string, parameters?: Parameters): Promise<oauth.TokenEndpointResponse>
  /** A grant that the library has no function for. */
  grant(grantType: string, parameters: Parameters): Promise<oauth.TokenEndpointResponse>
  revoke(token: string, parameters?: Parameters): Promise<void>
  introspect(token: string): Promise<oauth.IntrospectionResponse>
  /** `GET` with the token. */
  call(accessToken: string, url: string): Promise<Response>
}

export interface TokenLibrary {
  readonly name: string
  connect(registration: Registration): Promise<TokenClient>
}

export const tokenLibraries: readonly TokenLibrary[] = [
  {
    // Keeps the nonces of DPoP and retries with them by itself.
    name: 'openid-client',
    async connect({ issuer, clientId, secret, key, document = 'oidc', proofKey }) {
      const authentication = key
        ? openid.PrivateKeyJwt(privateKeyOf(key))
        : secret === undefined
          ? openid.None()
          : openid.ClientSecretBasic(secret)
      const config = await openid.discovery(new URL(issuer), clientId, undefined, authentication, {
        algorithm: document,
        execute: [openid.allowInsecureRequests]
      })
      const options = proofKey && { DPoP: openid.getDPoPHandle(config, await keyPairOf(proofKey)) }
      return {
        metadata: { ...config.serverMetadata() },
        clientCredentials: (parameters) => openid.clientCredentialsGrant(config, parameters, options),
        refresh: (refreshToken, parameters) => openid.refreshTokenGrant(config, refreshToken, parameters, options),
        grant: (grantType, parameters) => openid.genericGrantRequest(config, grantType, parameters, options),
        revoke: (token, parameters) => openid.tokenRevocation(config, token, parameters),
        introspect: (token) => openid.tokenIntrospection(config, token),
        call: (accessToken, url) =>
          openid.fetchProtectedResource(config, accessToken, new URL(url), 'GET', undefined, undefined, options)
      }
    }
  },
  {
    // Keeps the nonces of DPoP and leaves it to its user to try again.
    name: 'oauth4webapi',
    async connect({ issuer, clientId, secret, key, document = 'oauth2', proofKey }) {
      const insecure = { [oauth.allowInsecureRequests]: true }
      const identifier = new URL(issuer)
      const discovered = await oauth.discoveryRequest(identifier, { algorithm: document, ...insecure })
      const server = await oauth.processDiscoveryResponse(identifier, discovered)
      const client: oauth.Client = { client_id: clientId }
      const authentication = key
        ? oauth.PrivateKeyJwt(privateKeyOf(key))
        : secret === undefined
          ? oauth.None()
          : oauth.ClientSecretBasic(secret)
      const options = { ...insecure, ...(proofKey && { DPoP: oauth.DPoP(client, await keyPairOf(proofKey)) }) }
      return {
        metadata: { ...server },
        clientCredentials: (parameters = {}) =>
          withNonce(async () => {
            const response = oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, options)
            return oauth.processClientCredentialsResponse(server, client, await response)
          }),
        refresh: (refreshToken, additionalParameters = {}) =>
          withNonce(async () => {
            const all = { ...options, additionalParameters }
            const response = oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, all)
            return oauth.processRefreshTokenResponse(server, client, await response)
          }),
        grant: (grantType, parameters) =>
          withNonce(async () => {
            const all = [server, client, authentication, grantType, parameters, options] as const
            const response = await oauth.genericTokenEndpointRequest(...all)
            return oauth.processGenericTokenEndpointResponse(server, client, response)
          }),
        async revoke(token, additionalParameters = {}) {
          const all = { ...insecure, additionalParameters }
          await oauth.processRevocationResponse(
            await oauth.revocationRequest(server, client, authentication, token, all)
          )
        },
        async introspect(token) {
          const response = await oauth.introspectionRequest(server, client, authentication, token, insecure)
          return oauth.processIntrospectionResponse(server, client, response)
        },
        call: (accessToken, url) =>
          withNonce(() =>
            oauth.protectedResourceRequest(accessToken, 'GET', new URL(url), undefined, undefined, options)
          )
      }
    }
  }
]

/** What a library's typed error tells of a response; anything else is thrown again. */
export async function refusalOf(
  request: Promise<unknown>
): Promise<{ type: string; status: number; error: string | undefined }> {
  const error = await request.then(
    () => undefined,
    (thrown: unknown) => thrown
  )
  // openid-client exports these two of oauth4webapi.
  if (error instanceof openid.ResponseBodyError) {
    return { type: 'ResponseBodyError', status: error.status, error: error.error }
  }
  if (error instanceof openid.WWWAuthenticateChallengeError) {
    const [challenge] = error.cause
    const { error: code = ((await error.response.json()) as { error?: string }).error } = challenge?.parameters ?? {}
    return { type: `${challenge?.scheme} challenge`, status: error.status, error: code }
  }
  throw error ?? new Error('it was not refused')
}

async function withNonce<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return request()
  }
}

function privateKeyOf({ privateKey, publicJwk: { kid } }: ClientKey) {
  return { key: privateKey as oauth.CryptoKey, kid: kid as string }
}

async function keyPairOf({ privateKey, publicJwk, algorithm }: ClientKey): Promise<oauth.CryptoKeyPair> {
  const publicKey = (await importJWK(publicJwk, algorithm, { extractable: true })) as CryptoKey
  return { privateKey, publicKey } as oauth.CryptoKeyPair
}
