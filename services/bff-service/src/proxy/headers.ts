import type { IncomingHttpHeaders } from 'node:http'
import { requestHeaderNames, responseHeaderNames } from './header-names.ts'

export interface OwnRequestHeaders {
  readonly accessToken: string
  /** The browser's address. */
  readonly address: string
  readonly requestId: string
}

/** Selects the headers that pass a proxy. Names are in lower case. */
export interface HeaderFilter {
  /** The headers of a browser's request, as the API gets them. */
  request(received: IncomingHttpHeaders, own: OwnRequestHeaders): Record<string, string>
  /** The headers of an API's response, as the browser gets them. */
  response(
    received: IncomingHttpHeaders,
    publicLocation: (location: string) => string | undefined
  ): Record<string, string | string[]>
}

export interface AddedHeaderNames {
  readonly request?: readonly string[]
  readonly response?: readonly string[]
}

/** Makes the filter of a proxy: the listed names, and those that the operator adds. */
export function createHeaderFilter(added: AddedHeaderNames = {}): HeaderFilter {
  const toApi = new Set([...requestHeaderNames, ...(added.request ?? [])])
  const toBrowser = new Set([...responseHeaderNames, ...(added.response ?? [])])
  return {
    request(received, { accessToken, address, requestId }) {
      return {
        ...joinValues(pick(received, toApi)),
        authorization: `Bearer ${accessToken}`,
        'x-forwarded-for': address,
        'x-request-id': requestId
      }
    },
    response(received, publicLocation) {
      const { location, ...headers } = pick(received, toBrowser)
      const publicTarget = received.location && publicLocation(received.location)
      return {
        ...headers,
        // No response of an API runs code in this origin, not even a page.
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
        'cache-control': ownCaching(received['cache-control']),
        ...(publicTarget ? { location: publicTarget } : {})
      }
    }
  }
}

function pick(received: IncomingHttpHeaders, names: ReadonlySet<string>): Record<string, string | string[]> {
  const perConnection = namedByConnection(received.connection)
  const picked: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(received)) {
    if (value !== undefined && names.has(name) && !perConnection.has(name)) picked[name] = value
  }
  return picked
}

function joinValues(headers: Record<string, string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
}

/** A cache may not keep a response to `Authorization` (RFC 9111 §3.5); here the request had a cookie instead. */
function ownCaching(received: string | undefined): string {
  if (received === undefined) return 'no-store'
  return /\b(?:private|no-store|public|s-maxage)\b/i.test(received) ? received : `private, ${received}`
}

function namedByConnection(header: string | undefined): Set<string> {
  return new Set((header ?? '').split(',').map((name) => name.trim().toLowerCase()))
}
