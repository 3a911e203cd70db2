import { JwtVerifier } from 'aws-jwt-verify'
import { FetchError, JwtBaseError } from 'aws-jwt-verify/error'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import { createVerifier, type DecodedJwt, TOKEN_ERROR_CODES, TokenError } from 'fast-jwt'
import buildGetJwks from 'get-jwks'
import { verifyWithJwks } from 'hono/jwt'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import jwt from 'jsonwebtoken'
import jwksRsa from 'jwks-rsa'
import * as oauth from 'oauth4webapi'
import type { Client, Verifier } from './verifier-clients.ts'

/** Functions that take a token, and throw when they refuse it. */
export const functionClients: readonly Client[] = [
  {
    name: "jose's createRemoteJWKSet and jwtVerify",
    async start({ issuer, jwksUri, audience }) {
      const keySet = createRemoteJWKSet(new URL(jwksUri))
      const verify = async (token: string) =>
        (await jwtVerify(token, keySet, { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] })).payload
      const outages = [errors.JOSEError.code, errors.JWKSTimeout.code]
      return throwing(verify, (error) => error instanceof errors.JOSEError && !outages.includes(error.code))
    }
  },
  {
    // Finds the key set through the issuer's metadata. Checks `typ` and every claim that RFC 9068 requires.
    name: "oauth4webapi's validateJwtAccessToken",
    async start({ issuer, audience }) {
      const insecure = { [oauth.allowInsecureRequests]: true }
      const identifier = new URL(issuer)
      const response = await oauth.discoveryRequest(identifier, { algorithm: 'oauth2', ...insecure })
      const server = await oauth.processDiscoveryResponse(identifier, response)
      const verify = (token: string) => {
        const request = new Request(audience, { headers: { Authorization: `Bearer ${token}` } })
        return oauth.validateJwtAccessToken(server, request, audience, insecure)
      }
      return throwing(
        verify,
        (error) =>
          error instanceof oauth.UnsupportedOperationError ||
          (error instanceof oauth.OperationProcessingError && error.code !== oauth.RESPONSE_IS_NOT_CONFORM)
      )
    }
  },
  {
    // Does not look at `typ`. Fetches by https alone, unless it is given a fetcher.
    name: 'aws-jwt-verify',
    async start({ issuer, jwksUri, audience }) {
      const fetcher = {
        async fetch(uri: string) {
          const response = await fetch(uri)
          if (!response.ok) throw new Error(`responded with ${response.status}`)
          return response.arrayBuffer()
        }
      }
      const verifier = JwtVerifier.create(
        { issuer, audience, jwksUri },
        { jwksCache: new SimpleJwksCache({ fetcher }) }
      )
      return throwing(
        (token) => verifier.verify(token),
        (error) => error instanceof JwtBaseError && !(error instanceof FetchError)
      )
    }
  },
  {
    // Does not look at `typ`. Its error is the same when the keys cannot be had.
    name: 'jsonwebtoken with jwks-rsa',
    async start({ issuer, jwksUri, audience }) {
      const client = jwksRsa({ jwksUri })
      const getKey: jwt.GetPublicKeyOrSecret = ({ kid }, callback) =>
        client.getSigningKey(kid, (error, key) => callback(error, key?.getPublicKey()))
      const verify = (token: string) =>
        new Promise<object>((resolve, reject) => {
          jwt.verify(token, getKey, { issuer, audience, algorithms: ['RS256'] }, (error, claims) =>
            error === null ? resolve(claims as jwt.JwtPayload) : reject(error)
          )
        })
      return throwing(verify, (error) => error instanceof jwt.JsonWebTokenError)
    }
  },
  {
    name: 'fast-jwt with get-jwks',
    async start({ issuer, audience }) {
      const getJwks = buildGetJwks({ issuersWhitelist: [issuer] })
      const verify = createVerifier({
        key: ({ header }: DecodedJwt) => getJwks.getPublicKey({ kid: header.kid, alg: header.alg, domain: issuer }),
        algorithms: ['RS256'],
        allowedIss: issuer,
        allowedAud: audience,
        requiredClaims: ['iss', 'aud', 'exp'],
        checkTyp: 'at+jwt'
      })
      return throwing(
        (token) => verify(token),
        (error) =>
          error instanceof TokenError &&
          (error.code !== TOKEN_ERROR_CODES.keyFetchingError || hasCode(error.originalError, 'JWK_NOT_FOUND'))
      )
    }
  },
  {
    // Wants `JWT` or no `typ` at all, by default.
    name: "Hono's verifyWithJwks",
    async start({ issuer, jwksUri, audience }) {
      const verify = (token: string) =>
        verifyWithJwks(token, {
          jwks_uri: jwksUri,
          allowedAlgorithms: ['RS256'],
          verification: { iss: issuer, aud: audience, typ: 'at+jwt' }
        })
      return throwing(verify, (error) => error instanceof Error && error.name.startsWith('Jwt'))
    }
  }
]

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** @param isRefusal whether the library says with this error that the token is bad */
function throwing(verify: (token: string) => Promise<object>, isRefusal: (error: unknown) => boolean): Verifier {
  return {
    async verify(token) {
      try {
        return { ...(await verify(token)) }
      } catch (error) {
        if (isRefusal(error)) return undefined
        throw error
      }
    },
    async close() {}
  }
}
