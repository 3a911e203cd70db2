import { InvalidRequestError } from '@countersign/oauth'

/** How many times a server behind may decode a path; paths with more layers are rejected. */
const decodings = 4

/**
 * Removes the prefix from a raw path.
 * @throws {InvalidRequestError} for a path that servers may interpret in different ways
 */
export function upstreamPath(path: string, prefix: string): string {
  const rest = path.slice(prefix.length)
  const segments = rest.split('/').slice(1)
  const isPlain = segments.every((segment, at) => isPlainSegment(segment, at === segments.length - 1))
  if (!isPlain) {
    throw new InvalidRequestError({
      description: 'The path has a dot segment, an empty segment, or a character that servers read in different ways.'
    })
  }
  return rest
}

/** Checks a segment as it is, and after one or several decodings. */
function isPlainSegment(segment: string, isLast: boolean): boolean {
  if (segment === '') return isLast
  if (!isWellEncoded(segment)) return false
  let text = segment
  for (let i = 0; i <= decodings; i++) {
    if (!isPlainText(text)) return false
    const decoded = decodeAscii(text)
    if (decoded === text) return true
    text = decoded
  }
  return false
}

/** Some servers cut off `;` and everything after it (matrix parameters), and some cut off spaces at the end. */
function isPlainText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return !/[/\\\u0000-\u001f\u007f]|^;|(?:^|[;=])\.{1,2} *(?:;|$)/.test(text)
}

function isWellEncoded(segment: string): boolean {
  try {
    return decodeURIComponent(segment) !== ''
  } catch {
    return false
  }
}

/** Leaves a `%` that encodes nothing, as many servers do. */
function decodeAscii(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
}
