/**
 * Whether `htu` names the target of the request (RFC 9449 §4.3): equal after normalisation by syntax and scheme
 * (RFC 3986 §6.2.2, §6.2.3), query and fragment apart.
 */
export function isSameTarget(htu: string, url: string): boolean {
  // The URL parser forgives white space, backslashes and extra slashes, which no URI has.
  if (!/^https?:\/\/[^/\\][\x21-\x5b\x5d-\x7e]*$/i.test(htu)) return false
  const target = normalise(htu)
  return target !== undefined && target === normalise(url)
}

function normalise(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, username, password, host, pathname } = new URL(text)
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') return undefined
  return `${protocol}//${host}${pathname.replace(/%[0-9a-f]{2}/gi, normaliseTriplet)}`
}

/** An escape of an unreserved character is that character; of any other, upper and lower case are the same. */
function normaliseTriplet(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16))
  return /[\w.~-]/.test(character) ? character : triplet.toUpperCase()
}
