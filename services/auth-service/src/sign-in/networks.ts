import { isIP } from 'node:net'

/** An address as proxies write it, perhaps with brackets and a port. */
const withPort = /^(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/i

/** @returns the IP address that a proxy or a socket names, or `undefined` if there is none; IPv4 in IPv6 form becomes IPv4 */
export function parseAddress(text: string): string | undefined {
  if (isIP(text) === 4) return text
  const trimmed = text.trim()
  const match = withPort.exec(trimmed)
  // The zone of a link-local address has a meaning on this machine only.
  const address = (match?.[1] ?? match?.[2] ?? trimmed).replace(/%.*$/, '')
  if (isIP(address) === 0) return undefined
  return isIP(address) === 6 ? (mappedIpv4(groupsOf(address)) ?? address) : address
}

/** A network that contains an address. */
export interface Prefix {
  readonly network: string
  /** Its limits, as a multiple of those of one address. */
  readonly limitFactor: number
}

/**
 * The prefixes that a provider gives to one customer: a /48 has 65,536 networks of /64. The limits grow with the prefix, but
 * slowly, since a whole site behind one IPv4 address has the limit of one address.
 */
const ipv6Prefixes = [
  { bits: 64, limitFactor: 1 },
  { bits: 56, limitFactor: 1.1 },
  { bits: 48, limitFactor: 1.25 }
]

/** All networks that an address counts for, smallest first: an IPv4 address, or the /64, /56 and /48 of an IPv6 address. */
export function prefixesOf(address: string): readonly [Prefix, ...Prefix[]] {
  const plain = parseAddress(address)
  if (plain === undefined || isIP(plain) === 4) return [{ network: plain ?? 'unknown', limitFactor: 1 }]
  const groups = groupsOf(plain)
  const [smallest, ...larger] = ipv6Prefixes.map(({ bits, limitFactor }) => ({
    network: prefixText(groups, bits),
    limitFactor
  }))
  return [smallest as Prefix, ...larger]
}

/** The smallest network of an address: an IPv4 address or an IPv6 /64, always in the same spelling. */
export function networkOf(address: string): string {
  return prefixesOf(address)[0].network
}

/** The largest network of an address: an IPv4 address or an IPv6 /48. */
export function siteOf(address: string): string {
  return (prefixesOf(address).at(-1) as Prefix).network
}

function prefixText(groups: readonly number[], bits: number): string {
  const kept = groups.slice(0, Math.ceil(bits / 16))
  const last = kept.length - 1
  kept[last] = (kept[last] as number) & (0xffff << (16 * kept.length - bits))
  return `${kept.map((group) => group.toString(16)).join(':')}::/${bits}`
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes an address in only one way: in hexadecimal, with the longest run of zeros shortened.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16))
}

/** RFC 4291 §2.5.5.2 */
function mappedIpv4(groups: readonly number[]): string | undefined {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (!isMapped) return undefined
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.')
}
