import { isIP } from 'node:net'

/** An address, perhaps with brackets and a port, as proxies write it. */
const withPort = /^(?:\[([0-9a-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d+)?$/i

/** @returns the IP address that a proxy or a socket names, or `undefined` when it names none */
export function parseAddress(text: string): string | undefined {
  if (isIP(text) === 4) return text
  const trimmed = text.trim()
  const match = withPort.exec(trimmed)
  // An IPv4 address in IPv6 clothes, and the zone of a link-local one, say nothing more.
  const address = (match?.[1] ?? match?.[2] ?? trimmed).replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  return isIP(address) === 0 ? undefined : address
}

/** What counts as one origin: an IPv4 address, or the /64 that an IPv6 customer has at least. One spelling for each. */
export function networkOf(address: string): string {
  const plain = parseAddress(address)
  if (plain === undefined) return 'unknown'
  if (isIP(plain) === 4) return plain
  // The URL parser writes an address in one way only: lower case, and the longest run of zeros shortened.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const zeros = Array<string>(8 - left.length - right.length).fill('0')
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`
}
