import type { ApplicationType } from './client.ts'

export const maxRedirectUriLength = 512

const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(?::(\d{1,5}))?(?=[/?]|$)/

/** What is wrong with a redirect URI that is to be registered, as the end of a sentence. */
export function findRedirectUriFault(uri: string, type: ApplicationType): string | undefined {
  if (uri.length > maxRedirectUriLength || !/^[\x21-\x7e]+$/.test(uri) || !URL.canParse(uri)) return 'is no URI'
  const url = new URL(uri)
  if (uri.includes('#')) return 'has a fragment'
  if (url.username !== '' || url.password !== '') return 'has a user or a password'
  if (url.protocol === 'https:' || url.protocol === 'http:') {
    // Browsers would ask for another address than the one that is compared: dot segments, other cases, backslashes.
    if (url.href !== uri && url.href !== `${uri}/`) return `is not in its normal form, which is ${url.href}`
    return url.protocol === 'https:' || loopback.test(uri) ? undefined : 'is http on another host than this machine'
  }
  // RFC 8252 §7.1: the name of a domain, so that no other app has the same.
  const isPrivateUse = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:\//.test(uri)
  if (type === 'native' && isPrivateUse) return undefined
  return type === 'native'
    ? 'is neither https, nor http on this machine, nor of a scheme like com.example.app'
    : 'is not https'
}

/** Whether a client has registered this redirect URI: equal, letter by letter; on loopback a native client chooses the port (RFC 8252 §7.3). */
export function hasRedirectUri(
  { redirectUris, applicationType }: { redirectUris: readonly string[]; applicationType: ApplicationType },
  uri: string
): boolean {
  if (redirectUris.includes(uri)) return true
  const asked = applicationType === 'native' ? withoutPort(uri) : undefined
  return asked !== undefined && redirectUris.some((registered) => withoutPort(registered) === asked)
}

/** Whether any program on the user's machine could be behind it. */
export function isLoopbackUri(uri: string): boolean {
  return loopback.test(uri)
}

function withoutPort(uri: string): string | undefined {
  const [start, host, port] = loopback.exec(uri) ?? []
  if (start === undefined || Number(port ?? 80) > 65_535) return undefined
  return `http://${host}${uri.slice(start.length)}`
}
