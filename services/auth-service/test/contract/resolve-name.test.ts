import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOutboundFetch, OutboundRefusedError } from '../../src/outbound/outbound-fetch.ts'
import { createResolveName, type OutboundAddress, type ResolveNameDeps } from '../../src/outbound/resolve-name.ts'

/** RFC 1035 §3.2.2 and RFC 3596. */
const types = { A: 1, CNAME: 5, AAAA: 28 }
const [serverFailure, nameError] = [2, 3]
type DnsRecord = readonly [type: keyof typeof types, data: Buffer]

const a = (address: string): DnsRecord => ['A', Buffer.from(address.split('.').map(Number))]
const aaaa = (hex: string): DnsRecord => ['AAAA', Buffer.from(hex, 'hex')]
const cname = (name: string): DnsRecord => ['CNAME', encodeName(name)]

/** What the name server knows. It never responds about names that begin with `dead`; any other name does not exist. */
const zone: Record<string, readonly DnsRecord[]> = {
  'several.test': [a('192.0.2.1'), a('192.0.2.2'), aaaa('20010db8000000000000000000000001')],
  'no-address.test': [],
  'half-broken.test': [a('192.0.2.1')],
  'alias.test': [cname('inside.test')],
  'inside.test': [a('10.0.0.1')]
}

describe('the resolution of names that others have named', () => {
  let server: Socket
  let servers: string[]
  let queried: string[]
  let lookedUp: string[]
  const local: OutboundAddress[] = [{ address: '127.0.0.1', family: 4 }]

  beforeAll(async () => {
    server = createSocket('udp4').on('message', (query, { port, address }) => {
      const { name, end } = readName(query)
      queried.push(name)
      if (!name.startsWith('dead')) server.send(responseTo(query, name, end), port, address)
    })
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    servers = [`127.0.0.1:${server.address().port}`]
  })
  afterAll(() => server?.close())
  beforeEach(() => {
    queried = []
    lookedUp = []
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const newResolveName = (deps: ResolveNameDeps = {}) =>
    createResolveName({
      servers,
      lookup: async (hostname) => {
        lookedUp.push(hostname)
        return local
      },
      ...deps
    })
  const inTime = () => AbortSignal.timeout(10_000)

  test('returns each IPv4 and IPv6 address of a name', async () => {
    expect(await newResolveName()('several.test', inTime())).toEqual([
      { address: '192.0.2.1', family: 4 },
      { address: '192.0.2.2', family: 4 },
      { address: '2001:db8::1', family: 6 }
    ])
    expect(lookedUp).toEqual([])
  })

  test('returns the addresses of one family when the query for the other one fails', async () => {
    expect(await newResolveName()('half-broken.test', inTime())).toEqual([{ address: '192.0.2.1', family: 4 }])
  })

  test('looks up what DNS does not know, and names without a dot at once', async () => {
    const resolveName = newResolveName()
    for (const name of ['unknown.test', 'no-address.test', 'localhost']) {
      expect(await resolveName(name, inTime()), name).toEqual(local)
    }
    expect(lookedUp).toEqual(['unknown.test', 'no-address.test', 'localhost'])
    expect(queried).not.toContain('localhost')
  })

  test('looks up a name on a machine where no name server runs', async () => {
    expect(await newResolveName({ servers: ['127.0.0.1:9'] })('hosts-file.test', inTime())).toEqual(local)
  })

  test('rejects, without a lookup, a name whose name server fails', async () => {
    await expect(newResolveName()('failing.test', inTime())).rejects.toMatchObject({ code: 'ESERVFAIL' })
    expect(lookedUp).toEqual([])
  })

  test('refuses a name that is an alias of a private one', async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'refuse', resolve: newResolveName() })
    const request = fetch('https://alias.test/', { headers: {}, timeoutMs: 10_000 })
    await expect(request).rejects.toBeInstanceOf(OutboundRefusedError)
    expect(queried).toContain('alias.test')
    expect(lookedUp).toEqual([])
  })

  // On a busy machine the lookup of the process may itself take as long as the deadline.
  const again = { retry: 2 }
  test('gives a silent name server up at the deadline, and holds up no lookup of the process', again, async () => {
    const fetch = createOutboundFetch({ privateNetworks: 'refuse', resolve: createResolveName({ servers }) })
    const settled: string[] = []
    const requests = Array.from({ length: 10 }, async (_, index) => {
      const request = fetch(`https://dead-${index}.test/`, { headers: {}, timeoutMs: 900 })
      await expect(request).rejects.toMatchObject({ name: 'TimeoutError' })
      settled.push('dead')
    })
    await expect.poll(() => queried.length).toBe(20)
    await lookup('localhost')
    settled.push('localhost')
    await Promise.all(requests)
    expect(settled[0]).toBe('localhost')
    // The second attempt at each would be now.
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(queried).toHaveLength(20)
  })

  test('ten names of silent name servers do not delay another name', async () => {
    const resolveName = newResolveName()
    const deadline = new AbortController()
    const dead = Array.from({ length: 10 }, (_, index) => resolveName(`dead-${index}.test`, deadline.signal))
    const all = Promise.allSettled(dead)
    await expect.poll(() => new Set(queried).size).toBe(10)
    expect(await Promise.race([all, resolveName('several.test', inTime())])).toContainEqual({
      address: '192.0.2.1',
      family: 4
    })
    deadline.abort()
    expect(new Set((await all).map(({ status }) => status))).toEqual(new Set(['rejected']))
    expect(lookedUp).toEqual([])
  })

  test('makes one lookup at a time, and none for a name whose deadline passed before its turn', async () => {
    const end = new Map<string, () => void>()
    const resolveName = newResolveName({
      lookup: (hostname) => {
        lookedUp.push(hostname)
        return new Promise((resolve) => end.set(hostname, () => resolve(local)))
      }
    })
    const impatient = new AbortController()
    const first = resolveName('first', inTime())
    const late = resolveName('late', impatient.signal)
    const last = resolveName('last', inTime())
    await expect.poll(() => lookedUp).toEqual(['first'])
    impatient.abort()
    end.get('first')?.()
    expect(await first).toEqual(local)
    await expect(late).rejects.toMatchObject({ name: 'AbortError' })
    await expect.poll(() => lookedUp).toEqual(['first', 'last'])
    end.get('last')?.()
    expect(await last).toEqual(local)
  })

  test('refuses a name for a minute after its lookup outlived the deadline', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let end = () => {}
    const resolveName = newResolveName({
      lookup: async (hostname) => {
        lookedUp.push(hostname)
        if (lookedUp.length === 1) await new Promise<void>((resolve) => (end = resolve))
        return local
      }
    })
    const deadline = new AbortController()
    const slow = resolveName('slow', deadline.signal)
    await vi.waitFor(() => expect(lookedUp).toEqual(['slow']))
    deadline.abort()
    end()
    await slow
    await expect(resolveName('slow', inTime())).rejects.toMatchObject({ code: 'ETIMEOUT' })
    expect(await resolveName('other', inTime())).toEqual(local)
    vi.advanceTimersByTime(59_000)
    await expect(resolveName('slow', inTime())).rejects.toMatchObject({ code: 'ETIMEOUT' })
    vi.advanceTimersByTime(1000)
    expect(await resolveName('slow', inTime())).toEqual(local)
    expect(lookedUp).toEqual(['slow', 'other', 'slow'])
  })
})

const headerLength = 12

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = []
  let at = headerLength
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

/** The aliases of the name and what they lead to, in the order of RFC 1034 §3.6.2. */
function recordsOf(name: string, type: number): Buffer[] {
  return (zone[name] ?? []).flatMap(([kind, data]) => {
    if (types[kind] !== type && kind !== 'CNAME') return []
    const fixed = Buffer.alloc(10)
    fixed.writeUInt16BE(types[kind], 0)
    fixed.writeUInt16BE(1, 2)
    fixed.writeUInt16BE(data.length, 8)
    const record = Buffer.concat([encodeName(name), fixed, data])
    return kind === 'CNAME' ? [record, ...recordsOf('inside.test', type)] : [record]
  })
}

function responseTo(query: Buffer, name: string, end: number): Buffer {
  const type = query.readUInt16BE(end)
  const isBroken = name === 'failing.test' || (name === 'half-broken.test' && type === types.AAAA)
  const responses = isBroken ? [] : recordsOf(name, type)
  const header = Buffer.alloc(headerLength)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (isBroken ? serverFailure : zone[name] ? 0 : nameError), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(responses.length, 6)
  return Buffer.concat([header, query.subarray(headerLength, end + 4), ...responses])
}
