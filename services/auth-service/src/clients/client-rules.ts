import { InvalidRequestError } from '@countersign/oauth'
import type { JSONWebKeySet, JWK } from 'jose'
import type { NewClient } from './client-administration.ts'

/** The client that signs in at this service itself. It is there from the start, and stays as it is. */
export const firstPartyClientId = 'countersign'

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const maxKeys = 20

/** What of a client has to fit together. */
export type ClientShape = Pick<NewClient, 'authMethod' | 'grantTypes' | 'jwks' | 'jwksUri'>

/** @throws {InvalidRequestError} with a sentence for whoever registers the client */
export function checkClient({ authMethod, grantTypes, jwks, jwksUri }: ClientShape): void {
  const refuse = (description: string) => new InvalidRequestError({ description })
  const hasKeys = jwks !== null || jwksUri !== null
  if (authMethod === 'private_key_jwt' && !hasKeys) throw refuse('private_key_jwt needs jwks or jwks_uri.')
  if (authMethod !== 'private_key_jwt' && hasKeys) throw refuse('jwks and jwks_uri are for private_key_jwt alone.')
  if (jwks !== null && jwksUri !== null) throw refuse('jwks and jwks_uri exclude each other.')
  if (authMethod === 'none' && grantTypes.some((grant) => grant !== 'refresh_token')) {
    throw refuse('A client that does not authenticate itself may have the grant type refresh_token alone.')
  }
  if (jwks !== null) checkKeys(jwks)
  if (jwksUri !== null) checkJwksUri(jwksUri)
}

function checkKeys({ keys }: JSONWebKeySet): void {
  const refuse = (description: string) => new InvalidRequestError({ description })
  if (keys.length === 0 || keys.length > maxKeys) throw refuse(`jwks must hold 1 to ${maxKeys} keys.`)
  for (const key of keys) {
    if (privateMembers.some((member) => Object.hasOwn(key, member))) {
      throw refuse(
        'jwks holds a private or symmetric key. Register public keys alone, and make a new pair: this one was sent.'
      )
    }
    if (!isUsable(key)) throw refuse('jwks holds a key that is not RSA of 2048 bits or more, P-256 or Ed25519.')
  }
}

function isUsable({ kty, crv, n, e, x, y }: JWK): boolean {
  if (kty === 'EC') return crv === 'P-256' && isText(x) && isText(y)
  if (kty === 'OKP') return crv === 'Ed25519' && isText(x)
  return kty === 'RSA' && isText(e) && isText(n) && Buffer.from(n as string, 'base64url').length >= 256
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** Over plain http anybody on the way could put in keys of their own; loopback has no way. */
function checkJwksUri(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLoopback = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
  const isFit = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  if (!isFit || url?.username || url?.password || url?.hash) {
    throw new InvalidRequestError({ description: 'jwks_uri must be an https URL without user and fragment.' })
  }
}
