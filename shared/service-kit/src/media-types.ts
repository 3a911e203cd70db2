import { UnsupportedMediaTypeError } from '@countersign/oauth'
import { parse } from 'content-type'
import type { Context } from 'koa'

/**
 * Checks that a request's body is unencoded text of this media type in UTF-8, however its headers spell it (RFC 9110 §8.3.1).
 *
 * @param mediaType in lower case, without parameters
 * @throws {UnsupportedMediaTypeError} which names what was expected and what was sent
 */
export function requireMediaType(ctx: Context, mediaType: string): void {
  const encoding = ctx.get('Content-Encoding').toLowerCase()
  if (encoding !== '' && encoding !== 'identity') {
    throw new UnsupportedMediaTypeError({ description: 'The request body must come without Content-Encoding.' })
  }
  const header = ctx.get('Content-Type')
  if (header === mediaType) return
  const { type, parameters } = parse(header)
  if (type === mediaType && isUtf8(parameters.charset)) return
  throw new UnsupportedMediaTypeError({
    description: `The request body must be ${mediaType} in UTF-8, and Content-Type must say so.`
  })
}

/** @returns the media type of `Content-Type`, in lower case and without parameters; empty when there is none */
export function mediaTypeOf(header: string | null): string {
  return parse(header ?? '').type
}

/** Knows any of its labels, such as `utf8`. */
function isUtf8(label: string | undefined): boolean {
  if (label === undefined || label === '') return true
  try {
    return new TextDecoder(label).encoding === 'utf-8'
  } catch {
    return false
  }
}
