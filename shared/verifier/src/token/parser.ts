import { accessTokenType, maxIdentifierLength, signingAlgorithm } from '../access-token-profile.ts'
import {
  decodeStrictly,
  findExtension,
  type JwsHeader,
  parseJwsHeader,
  splitStrictly
} from '../encoding/compact-jws.ts'
import { TokenHeaderError, TokenMalformedError } from '../errors.ts'

/** An access token that has the right form. Nothing in it is verified. */
export interface UnverifiedToken {
  /** What is signed: header and payload, in ASCII (RFC 7515 §5.2). */
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
  /** The header's `kid`: a key to look for, not to trust. */
  readonly unverifiedKid: string
  readonly unverifiedPayload: Uint8Array
}

/** Parses access tokens. It keeps the last acceptable header, since all tokens of one key have the same. */
export type TokenParser = (token: string) => UnverifiedToken

/**
 * Parses compact JWS (RFC 7515 §7.1) strictly, and checks the header of an access token (RFC 9068 §2.1). Members that
 * point to a key (`jwk`, `jku`, `x5u`, `x5c`) play no part: the key comes from the issuer's key set alone.
 *
 * @throws {TokenMalformedError} when it is not three parts of strict base64url, too long, or not JSON.
 * @throws {TokenHeaderError} when `alg`, `typ`, `kid`, `crit` or `b64` is not acceptable.
 */
export function createTokenParser(): TokenParser {
  let acceptable = { header: '', kid: '' }
  const kidOf = (header: string): string => {
    if (header !== acceptable.header) {
      acceptable = { header, kid: checkHeader(parseJwsHeader(header, malformed)) }
    }
    return acceptable.kid
  }

  return (token) => {
    const [header, payload, signature] = splitStrictly(token, malformed)
    return {
      signingInput: Buffer.from(token.slice(0, header.length + 1 + payload.length), 'latin1'),
      signature: decodeStrictly(signature, malformed),
      unverifiedPayload: decodeStrictly(payload, malformed),
      unverifiedKid: kidOf(header)
    }
  }
}

function malformed(detail: string): TokenMalformedError {
  return new TokenMalformedError({ detail })
}

function checkHeader(header: JwsHeader): string {
  const extension = findExtension(header)
  if (extension !== undefined) throw new TokenHeaderError({ detail: extension })
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
