import { accessTokenType, signingAlgorithm } from '@countersign/oauth'
import { decodeBase64url } from './base64url.ts'
import { TokenHeaderError, TokenMalformedError } from './errors.ts'
import { parseJsonObject } from './json-object.ts'
import { maxIdentifierLength } from './revocation-feed.ts'

/** A token is shorter than this, in characters. */
export const maxTokenLength = 8192

/** A token that has the right form. Nothing in it is verified. */
export interface CompactJws {
  /** The three parts as they came. */
  readonly protected: string
  readonly payload: string
  readonly signature: string
  /** The header's `kid`: a key to look for, not to trust. */
  readonly unverifiedKid: string
  readonly unverifiedPayload: Uint8Array
}

/**
 * Parses compact JWS (RFC 7515 §7.1) strictly, and checks the header of an access token (RFC 9068 §2.1). Members that
 * point to a key (`jwk`, `jku`, `x5u`, `x5c`) play no part: the key comes from the issuer's key set alone.
 *
 * @throws {TokenMalformedError} when it is not three parts of strict base64url, too long, or not JSON.
 * @throws {TokenHeaderError} when `alg`, `typ`, `kid`, `crit` or `b64` is not acceptable.
 */
export function parseCompactJws(token: string): CompactJws {
  if (token.length >= maxTokenLength) throw malformed('too long')
  const parts = token.split('.', 4)
  const [protectedHeader, payload, signature] = parts
  if (parts.length !== 3 || !protectedHeader || !payload || !signature) throw malformed('not three parts')
  const header = decodeBase64url(protectedHeader)
  const unverifiedPayload = decodeBase64url(payload)
  if (!header || !unverifiedPayload || !decodeBase64url(signature)) throw malformed('not strict base64url')
  const unverifiedKid = checkHeader(parseJsonObject(header))
  return { protected: protectedHeader, payload, signature, unverifiedKid, unverifiedPayload }
}

function checkHeader(header: Readonly<Record<string, unknown>> | undefined): string {
  if (header === undefined) throw malformed('the header is not a JSON object in UTF-8 with unique names')
  // RFC 7515 §4.1.11 and RFC 7797 §6: no extension is understood here, so none may be demanded.
  if (Object.hasOwn(header, 'crit')) throw new TokenHeaderError({ detail: 'crit' })
  if (Object.hasOwn(header, 'b64')) throw new TokenHeaderError({ detail: 'b64' })
  const { alg, typ, kid } = header
  if (alg !== signingAlgorithm) throw new TokenHeaderError({ detail: `alg is not ${signingAlgorithm}` })
  if (!isAccessTokenType(typ)) throw new TokenHeaderError({ detail: `typ is not ${accessTokenType}` })
  if (typeof kid !== 'string' || kid === '' || kid.length > maxIdentifierLength) {
    throw new TokenHeaderError({ detail: `kid is not a string of 1 to ${maxIdentifierLength} characters` })
  }
  return kid
}

/** Media types compare without case, and `application/` may be left out (RFC 7515 §4.1.9, RFC 9068 §4). */
function isAccessTokenType(typ: unknown): boolean {
  if (typeof typ !== 'string') return false
  const type = typ.toLowerCase()
  return type === accessTokenType || type === `application/${accessTokenType}`
}

function malformed(detail: string): TokenMalformedError {
  return new TokenMalformedError({ detail })
}
