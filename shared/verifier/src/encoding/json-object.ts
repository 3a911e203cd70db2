const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a JSON object in UTF-8. `undefined` when the bytes are anything else, or when a member's name appears twice
 * at the top level (RFC 7515 §4, RFC 7519 §4): two parsers could then read two different tokens.
 */
export function parseJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    return isObject(value) && !hasDuplicateName(text, value) ? value : undefined
  } catch {
    // Invalid UTF-8 (TypeError) or invalid JSON (SyntaxError; RangeError when nested too deep): not a JSON object.
    return undefined
  }
}

/** Whether the value is an object and neither an array nor null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether the text, a valid JSON object, names more members than were taken out of it. */
function hasDuplicateName(text: string, value: object): boolean {
  return countNames(text) !== Object.keys(value).length
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]

/** How many names stand at the top level: a string after the opening brace, or after a comma, is one. */
function countNames(text: string): number {
  let count = 0
  let depth = 0
  let isNameNext = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) {
      if (isNameNext) count++
      isNameNext = false
      at = endOfString(text, at)
    } else if (character === openBrace || character === openBracket) isNameNext = ++depth === 1
    else if (character === closeBrace || character === closeBracket) depth--
    else if (character === comma && depth === 1) isNameNext = true
  }
  return count
}

/** Where the string that starts here ends: at a quote with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let before = at - 1
    while (text.charCodeAt(before) === backslash) before--
    if ((at - before) % 2 === 1) return at
  }
}
