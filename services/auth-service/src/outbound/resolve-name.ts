/** Resolves names that others have named, so that a name server without a response holds up nothing else. */
import { lookup as lookupInThread, Resolver } from 'node:dns/promises'

export interface OutboundAddress {
  readonly address: string
  readonly family: number
}

/** @throws {Error} when the name has no address, or none is known before `signal` aborts */
export type ResolveName = (hostname: string, signal: AbortSignal) => Promise<readonly OutboundAddress[]>

export interface ResolveNameDeps {
  /** IP addresses of name servers, with or without a port; default: those of this machine. */
  readonly servers?: readonly string[]
  /** What knows /etc/hosts and search domains; default `dns.lookup`. */
  readonly lookup?: (hostname: string) => Promise<readonly OutboundAddress[]>
}

/** Two attempts at each name server; the second one waits twice as long. */
const queryOptions = { timeout: 1000, tries: 2 }
const overdueForMs = 60_000
/** The last one: no name server runs on this machine, and none is configured. */
const unknownToDns: readonly unknown[] = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED']

/**
 * Queries DNS over sockets, which can be cancelled. `dns.lookup` cannot: it keeps one of the few threads that connections to
 * the stores need, too. It is called for names that DNS does not know, and for one at a time.
 */
export function createResolveName({ servers, lookup = lookupAll }: ResolveNameDeps = {}): ResolveName {
  let lastTurn: Promise<unknown> = Promise.resolve()
  const overdue = new Set<string>()

  return async function resolveName(hostname, signal) {
    if (!hostname.includes('.')) return lookUpInTurn(hostname, signal)
    return (await queryDns(hostname, signal, servers)) ?? lookUpInTurn(hostname, signal)
  }

  function lookUpInTurn(hostname: string, signal: AbortSignal): Promise<readonly OutboundAddress[]> {
    const looked = lastTurn.then(() => lookUp(hostname, signal))
    lastTurn = looked.catch(() => undefined)
    return looked
  }

  async function lookUp(hostname: string, signal: AbortSignal): Promise<readonly OutboundAddress[]> {
    signal.throwIfAborted()
    if (overdue.has(hostname)) throw Object.assign(new Error('the last lookup took too long'), { code: 'ETIMEOUT' })
    const refuseForAWhile = () => {
      overdue.add(hostname)
      setTimeout(() => overdue.delete(hostname), overdueForMs).unref()
    }
    signal.addEventListener('abort', refuseForAWhile, { once: true })
    return lookup(hostname).finally(() => signal.removeEventListener('abort', refuseForAWhile))
  }
}

/** @returns undefined when DNS does not know the name */
async function queryDns(hostname: string, signal: AbortSignal, servers: ResolveNameDeps['servers']) {
  signal.throwIfAborted()
  // One for each name, since it cancels all of its queries.
  const resolver = new Resolver(queryOptions)
  if (servers) resolver.setServers(servers)
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  const results = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
  signal.removeEventListener('abort', cancel)
  signal.throwIfAborted()
  const addresses = results.flatMap((result, index) =>
    result.status === 'fulfilled' ? result.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })) : []
  )
  if (addresses.length > 0) return addresses
  for (const result of results) {
    if (result.status === 'rejected' && !unknownToDns.includes(result.reason.code)) throw result.reason
  }
  return undefined
}

function lookupAll(hostname: string): Promise<OutboundAddress[]> {
  return lookupInThread(hostname, { all: true })
}
