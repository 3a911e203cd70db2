const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a JSON object in UTF-8. `undefined` when the bytes are anything else, or when a member's name is there twice
 * at the top level (RFC 7515 §4, RFC 7519 §4): two parsers could then read two different tokens.
 */
export function parseJsonObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = utf8.decode(bytes)
    const value: unknown = JSON.parse(text)
    return isObject(value) && !hasDuplicateName(text) ? value : undefined
  } catch {
    // Invalid UTF-8 (TypeError) or invalid JSON (SyntaxError; RangeError when nested too deep): not a JSON object.
    return undefined
  }
}

/** Whether the value is an object and neither an array nor null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `text` must be a valid JSON object. */
function hasDuplicateName(text: string): boolean {
  const names = new Set<string>()
  let depth = 0
  let isNameNext = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') {
      const end = endOfString(text, at)
      if (isNameNext) {
        const name: unknown = JSON.parse(text.slice(at, end + 1))
        if (names.has(String(name))) return true
        names.add(String(name))
        isNameNext = false
      }
      at = end
    } else if (character === '{' || character === '[') {
      depth++
      isNameNext = depth === 1
    } else if (character === '}' || character === ']') depth--
    else if (character === ',' && depth === 1) isNameNext = true
  }
  return false
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
