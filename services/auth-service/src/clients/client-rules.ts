import { InvalidRequestError } from '@countersign/oauth'
import type { JSONWebKeySet } from 'jose'
import type { NewClient } from './client-administration.ts'
import { findKeyFault, maxKeys } from './key-rules.ts'

/** The client that signs in at this service itself. It is there from the start, and stays as it is. */
export const firstPartyClientId = 'countersign'

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
  const kids = keys.map(({ kid }) => kid)
  if (keys.length > 1 && (kids.includes(undefined) || new Set(kids).size < keys.length)) {
    throw refuse('Each of several keys in jwks needs a kid of its own.')
  }
  for (const key of keys) {
    const fault = findKeyFault(key)
    if (fault === 'private') {
      throw refuse(
        'jwks holds a private or symmetric key. Register public keys alone, and make a new pair: this one was sent.'
      )
    }
    if (fault) throw refuse('jwks holds a key that is not RSA of 2048 bits or more, P-256 or Ed25519.')
  }
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
