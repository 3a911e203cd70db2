/** The only way in which the issuer requests an address that others have named. */
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { readBoundedBody } from '@countersign/service-kit'
import { isLoopbackAddress, isPublicAddress } from './public-addresses.ts'
import { createResolveName, type OutboundAddress, type ResolveName } from './resolve-name.ts'

/** `refuse`: https and public addresses only. `allow`: private addresses too, and http to loopback. */
export type PrivateNetworks = 'refuse' | 'allow'

export interface OutboundFetchDeps {
  readonly privateNetworks: PrivateNetworks
  /** Called once for each request at most. */
  readonly resolve?: ResolveName
}

export interface OutboundRequest {
  /** Default: GET. */
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** For the whole request, including name resolution. */
  readonly timeoutMs: number
  /** Limit of the response's body; a request whose status alone counts ignores the body instead. */
  readonly maxBytes?: number
  readonly ignoresBody?: true
}

export interface OutboundResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Buffer
}

/**
 * Redirects are not followed: their status comes back.
 * @throws {OutboundRefusedError} for an address that may not be requested; no connection was made
 * @throws {Error} when there is no response in time, or a larger one than `maxBytes`
 */
export type OutboundFetch = (url: string, request: OutboundRequest) => Promise<OutboundResponse>

/** The address may not be requested. The message with the reason is only for the log. */
export class OutboundRefusedError extends Error {
  override readonly name = 'OutboundRefusedError'
}

export function createOutboundFetch({
  privateNetworks,
  resolve = createResolveName()
}: OutboundFetchDeps): OutboundFetch {
  return async function outboundFetch(text, { method = 'GET', headers, body, timeoutMs, maxBytes = 0, ignoresBody }) {
    const signal = AbortSignal.timeout(timeoutMs)
    const url = new URL(text)
    if (url.username || url.password) throw new OutboundRefusedError('the URL holds credentials')
    const addresses = await orAborted(addressesOf(url.hostname, resolve, signal), signal)
    requireAllowed(url, addresses, privateNetworks)
    const { request } = url.protocol === 'https:' ? https : http
    // A new connection to the checked addresses: the name is not resolved a second time.
    const sent = request(url, { method, headers, agent: false, lookup: pinnedTo(addresses), signal })
    // After the response, an error reaches its reader; the request emits it as well, and would crash without a listener.
    sent.on('error', () => undefined).end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const { statusCode: status = 0, headers: responseHeaders } = response
    if (ignoresBody) {
      response.destroy()
      return { status, headers: responseHeaders, body: Buffer.alloc(0) }
    }
    return { status, headers: responseHeaders, body: await readBoundedBody(response, maxBytes) }
  }
}

/** An IP address in a URL is in its one canonical form (WHATWG URL §3.5), with brackets around IPv6. */
async function addressesOf(
  hostname: string,
  resolve: ResolveName,
  signal: AbortSignal
): Promise<readonly OutboundAddress[]> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  return family === 0 ? resolve(host, signal) : [{ address: host, family }]
}

/** Every address is checked, since any of them may be used. */
function requireAllowed(url: URL, addresses: readonly OutboundAddress[], privateNetworks: PrivateNetworks): void {
  const isPrivateAllowed = privateNetworks === 'allow'
  const every = (isFit: (address: string) => boolean) =>
    addresses.length > 0 && addresses.every(({ address }) => isFit(address))
  if (!isPrivateAllowed && !every(isPublicAddress)) throw new OutboundRefusedError('the host has no public address')
  const isHttp = url.protocol === 'http:' && isPrivateAllowed && every(isLoopbackAddress)
  if (url.protocol !== 'https:' && !isHttp) throw new OutboundRefusedError('the URL is not https')
}

function pinnedTo(addresses: readonly OutboundAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [{ address, family }] = addresses as [OutboundAddress]
    if (options.all) callback(null, [...addresses])
    else callback(null, address, family)
  }
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([work, once(signal, 'abort').then(() => Promise.reject<T>(signal.reason))])
}
