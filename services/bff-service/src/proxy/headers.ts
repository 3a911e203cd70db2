import type { IncomingHttpHeaders } from 'node:http'

/** RFC 9110 §7.6.1, with the ones that are no longer standard. `Connection` may name more. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
]

/** What an API must not take from a browser: who it is, who passed it on, where it came from. `X-…` and `Sec-…` go too. */
const notFromBrowsers = new Set([
  ...hopByHop,
  'authorization',
  'cookie',
  'dpop',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'origin',
  'referer',
  'via'
])

/** What a browser must not take from an API: it would speak for this origin. `Access-Control-…` goes too. */
const notFromApis = new Set([
  ...hopByHop,
  'alt-svc',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'location',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'server',
  'service-worker-allowed',
  'set-cookie',
  'sourcemap',
  'strict-transport-security',
  'www-authenticate',
  'x-frame-options',
  'x-powered-by',
  'x-request-id'
])

export interface OwnRequestHeaders {
  readonly accessToken: string
  /** The browser's address. */
  readonly address: string
  readonly requestId: string
}

/** The headers of a browser's request as the API gets them: its own, but for what is ours to say. */
export function requestHeaders(received: IncomingHttpHeaders, own: OwnRequestHeaders): Record<string, string> {
  const headers: Record<string, string> = {}
  const perConnection = namedByConnection(received.connection)
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || notFromBrowsers.has(name) || /^(?:x|sec)-/.test(name) || perConnection.has(name))
      continue
    headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return {
    ...headers,
    authorization: `Bearer ${own.accessToken}`,
    'x-forwarded-for': own.address,
    'x-request-id': own.requestId
  }
}

/** The headers of an API's answer as the browser gets them. */
export function responseHeaders(
  received: IncomingHttpHeaders,
  publicLocation: (location: string) => string | undefined
): Record<string, string | string[]> {
  const perConnection = namedByConnection(received.connection)
  const headers: Record<string, string | string[]> = {
    // Nothing that an API answers acts in this origin, not even a page.
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
    'cache-control': 'no-store'
  }
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || notFromApis.has(name) || perConnection.has(name)) continue
    if (/^(?:access-control|cross-origin)-/.test(name)) continue
    headers[name] = value
  }
  // A cache may not keep what was asked for with `Authorization` (RFC 9111 §3.5); here it was asked for with a cookie.
  const caching = String(headers['cache-control'])
  if (!/\b(?:private|no-store|public|s-maxage)\b/i.test(caching)) headers['cache-control'] = `private, ${caching}`
  const location = received.location && publicLocation(received.location)
  return location ? { ...headers, location } : headers
}

function namedByConnection(header: string | string[] | undefined): Set<string> {
  return new Set(
    [header ?? []].flat().flatMap((line) =>
      line
        .toLowerCase()
        .split(',')
        .map((name) => name.trim())
    )
  )
}
