/**
 * What names an API in `aud`, `resource` and `audience`: compared letter by letter, so nothing is added to it or taken away.
 * A URL is customary (RFC 8707 §2), and any other name does as well.
 */
export const audiencePattern = /^[\x21\x24-\x5b\x5d-\x7e]{1,512}$/

/** The rule of {@link audiencePattern} for people. */
export const audienceRule = '1 to 512 printable ASCII characters without spaces, quotes, backslashes and #'

/** The URL of an endpoint of an issuer, whose identifier may end with a slash. */
export function endpointOf(issuer: string, path: `/${string}`): string {
  return issuer.replace(/\/$/, '') + path
}
