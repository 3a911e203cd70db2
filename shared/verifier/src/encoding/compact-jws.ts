import type { VerifierError } from '../errors.ts'
import { decodeBase64url } from './base64url.ts'
import { parseJsonObject } from './json-object.ts'

/** A token is shorter than this, in characters. */
export const maxTokenLength = 8192

/** The three parts of a compact JWS as they came, and what the first one holds. Nothing in it is verified. */
export interface JwsParts {
  readonly protected: string
  readonly payload: string
  readonly signature: string
  readonly unverifiedHeader: JwsHeader
}

/** A protected header, of which nothing is known yet but that it is a JSON object. */
export type JwsHeader = Readonly<Record<string, unknown>>

/** Makes the error for a text that is not a compact JWS. */
export type Malformed = (detail: string) => VerifierError

/**
 * Splits compact JWS (RFC 7515 §7.1), strictly. The caller has to check the header.
 *
 * @param malformed makes the error when it is not three parts of strict base64url, too long, or its header not JSON.
 */
export function splitCompactJws(text: string, malformed: Malformed): JwsParts {
  const [header, payload, signature] = splitStrictly(text, malformed)
  for (const part of [payload, signature]) decodeStrictly(part, malformed)
  return { protected: header, payload, signature, unverifiedHeader: parseJwsHeader(header, malformed) }
}

/** The three parts as they came, none of them empty. */
export function splitStrictly(
  text: string,
  malformed: Malformed
): [header: string, payload: string, signature: string] {
  if (text.length >= maxTokenLength) throw malformed('too long')
  const parts = text.split('.', 4)
  const [header, payload, signature] = parts
  if (parts.length !== 3 || !header || !payload || !signature) throw malformed('not three parts')
  return [header, payload, signature]
}

/** The bytes of one part. */
export function decodeStrictly(part: string, malformed: Malformed): Uint8Array {
  const bytes = decodeBase64url(part)
  if (!bytes) throw malformed('not strict base64url')
  return bytes
}

/** The members of the first part. */
export function parseJwsHeader(part: string, malformed: Malformed): JwsHeader {
  const header = parseJsonObject(decodeStrictly(part, malformed))
  if (!header) throw malformed('the header is not a JSON object in UTF-8 with unique names')
  return header
}

/** The extension that a header demands: none is understood here, so none may be (RFC 7515 §4.1.11, RFC 7797 §6). */
export function findExtension(header: JwsHeader): 'crit' | 'b64' | undefined {
  return (['crit', 'b64'] as const).find((member) => Object.hasOwn(header, member))
}
