import { InvalidRequestError } from '@countersign/oauth'

/** What one server may read as a step up or as the end of a segment, and another not. */
const ambiguous = /\\|\/\/|%(?:2e|2f|5c|00)|\/\.{1,2}(?:\/|$)/i

/**
 * Takes the prefix off a raw path.
 * @throws {InvalidRequestError} for a path that servers may understand in different ways
 */
export function upstreamPath(path: string, prefix: string): string {
  if (ambiguous.test(path)) throw new InvalidRequestError({ description: 'The path is not a plain one.' })
  return path.slice(prefix.length)
}
