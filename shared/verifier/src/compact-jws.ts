import { accessTokenType, signingAlgorithm } from './access-token-profile.ts'
import { decodeBase64url } from './base64url.ts'
import { TokenHeaderError, TokenMalformedError, type VerifierError } from './errors.ts'
import { parseJsonObject } from './json-object.ts'
import { maxIdentifierLength } from './revocation-feed.ts'

/** A token is shorter than this, in characters. */
export const maxTokenLength = 8192

/** The three parts of a compact JWS as they came, and what the first one holds. Nothing in it is verified. */
export interface JwsParts {
  readonly protected: string
  readonly payload: string
  readonly signature: string
  readonly unverifiedHeader: Readonly<Record<string, unknown>>
}

/** An access token that has the right form. Nothing in it is verified. */
export interface CompactJws {
  /** What is signed: header and payload, in ASCII (RFC 7515 §5.2). */
  readonly signingInput: Uint8Array
  readonly signature: Uint8Array
  /** The header's `kid`: a key to look for, not to trust. */
  readonly unverifiedKid: string
  readonly unverifiedPayload: Uint8Array
}

/** Parses access tokens. It remembers the last header that was acceptable, since all tokens of one key have the same. */
export type CompactJwsParser = (token: string) => CompactJws

/**
 * Parses compact JWS (RFC 7515 §7.1) strictly, and checks the header of an access token (RFC 9068 §2.1). Members that
 * point to a key (`jwk`, `jku`, `x5u`, `x5c`) play no part: the key comes from the issuer's key set alone.
 *
 * @throws {TokenMalformedError} when it is not three parts of strict base64url, too long, or not JSON.
 * @throws {TokenHeaderError} when `alg`, `typ`, `kid`, `crit` or `b64` is not acceptable.
 */
export function createCompactJwsParser(): CompactJwsParser {
  let acceptable = { header: '', kid: '' }
  const kidOf = (header: string): string => {
    if (header !== acceptable.header) {
      acceptable = { header, kid: checkHeader(parseHeader(header, tokenMalformed)) }
    }
    return acceptable.kid
  }

  return (token) => {
    const [header, payload, signature] = splitStrictly(token, tokenMalformed)
    return {
      signingInput: Buffer.from(token.slice(0, header.length + 1 + payload.length), 'latin1'),
      signature: decodeStrictly(signature, tokenMalformed),
      unverifiedPayload: decodeStrictly(payload, tokenMalformed),
      unverifiedKid: kidOf(header)
    }
  }
}

/**
 * Takes compact JWS apart, strictly. What the header has to say is the caller's to judge.
 *
 * @param malformed makes the error when it is not three parts of strict base64url, too long, or its header not JSON.
 */
export function splitCompactJws(text: string, malformed: Malformed): JwsParts {
  const [header, payload, signature] = splitStrictly(text, malformed)
  for (const part of [payload, signature]) decodeStrictly(part, malformed)
  return { protected: header, payload, signature, unverifiedHeader: parseHeader(header, malformed) }
}

/** The extension that a header demands: none is understood here, so none may be (RFC 7515 §4.1.11, RFC 7797 §6). */
export function findExtension(header: Readonly<Record<string, unknown>>): 'crit' | 'b64' | undefined {
  return (['crit', 'b64'] as const).find((member) => Object.hasOwn(header, member))
}

/** Makes the error for a text that is no compact JWS. */
type Malformed = (detail: string) => VerifierError

function tokenMalformed(detail: string): VerifierError {
  return new TokenMalformedError({ detail })
}

function splitStrictly(text: string, malformed: Malformed): [header: string, payload: string, signature: string] {
  if (text.length >= maxTokenLength) throw malformed('too long')
  const parts = text.split('.', 4)
  const [header, payload, signature] = parts
  if (parts.length !== 3 || !header || !payload || !signature) throw malformed('not three parts')
  return [header, payload, signature]
}

function decodeStrictly(part: string, malformed: Malformed): Uint8Array {
  const bytes = decodeBase64url(part)
  if (!bytes) throw malformed('not strict base64url')
  return bytes
}

function parseHeader(part: string, malformed: Malformed): JwsParts['unverifiedHeader'] {
  const header = parseJsonObject(decodeStrictly(part, malformed))
  if (!header) throw malformed('the header is not a JSON object in UTF-8 with unique names')
  return header
}

function checkHeader(header: Readonly<Record<string, unknown>>): string {
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
