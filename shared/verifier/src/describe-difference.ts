const maxShown = 200

/** A value that was seen and the one that was expected, with what tells them apart when that is easily overlooked. */
export function describeDifference(seen: string, expected: string): string {
  return `${show(seen)}, expected ${show(expected)}${difference(seen, expected)}`
}

function difference(seen: string, expected: string): string {
  if (seen.replace(/\/$/, '') === expected.replace(/\/$/, '')) return ': they differ by the slash at the end'
  if (!URL.canParse(seen) || !URL.canParse(expected)) return ''
  const [one, other] = [new URL(seen), new URL(expected)]
  if (one.hostname === other.hostname && one.protocol !== other.protocol) return ': they differ by http and https'
  if (one.hostname === other.hostname && one.port !== other.port) return ': they differ by the port'
  return ''
}

/** Short, and in one line. */
export function show(value: string): string {
  return JSON.stringify(value.length > maxShown ? `${value.slice(0, maxShown)}…` : value)
}
