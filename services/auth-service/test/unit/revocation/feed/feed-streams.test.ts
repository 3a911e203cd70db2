import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFeedReader } from '../../../../src/revocation/feed/feed-reader.ts'
import {
  type CommittedEntry,
  DatabaseReplacedError,
  type FeedPosition,
  type FeedSource
} from '../../../../src/revocation/feed/feed-source.ts'
import {
  createFeedStreams,
  type FeedStreams,
  type StreamRequest
} from '../../../../src/revocation/feed/feed-streams.ts'

/** A table in memory: each entry is a transaction of its own. */
class Table implements FeedSource {
  rows: CommittedEntry[] = []
  incarnation = '0000000000000001'
  isUnavailable = false
  reads = 0
  #position(): FeedPosition {
    const next = BigInt(this.rows.length)
    return { incarnation: this.incarnation, cursor: String(next), oldestOpenTransaction: next, now: Date.now() / 1000 }
  }
  add(value: string, kind: 'sid' | 'kid' = 'sid', seconds = 600) {
    const expiresAt = Math.ceil(Date.now() / 1000) + seconds
    this.rows.push({ kind, value, expiresAt, transactionId: BigInt(this.rows.length), ageSeconds: 0.002 })
  }
  async #read(from: number, take: (entries: readonly CommittedEntry[]) => void) {
    this.reads++
    if (this.isUnavailable) throw new Error('unavailable')
    const position = this.#position()
    take(this.rows.slice(from))
    return position
  }
  readAll: FeedSource['readAll'] = (take) => this.#read(0, take)
  readSince: FeedSource['readSince'] = async (position, take) => {
    if (position.incarnation !== this.incarnation) throw new DatabaseReplacedError()
    return this.#read(Number(position.cursor), take)
  }
}

/** A client that reads, or does not. */
class Client extends EventEmitter {
  text = ''
  isReading = true
  state: 'open' | 'ended' | 'destroyed' = 'open'
  write(bytes: Buffer): boolean {
    if (this.state !== 'open') throw new Error('written after its end')
    this.text += bytes.toString()
    return this.isReading
  }
  end() {
    this.state = 'ended'
    this.emit('close')
  }
  destroy() {
    this.state = 'destroyed'
    this.emit('close')
  }
  values = () => [...this.text.matchAll(/"value":"([^"]+)"/g)].map(([, value]) => value)
  confirmations = () => [...this.text.matchAll(/^id: (\S+)\nevent: current$/gm)].map(([, id]) => id as string)
  readings = () => [...this.text.matchAll(/event: current\ndata: \{"reading":([\d.]+)/g)].map(([, at]) => Number(at))
}

describe('the streams of the feed', () => {
  let table: Table
  let streams: FeedStreams
  beforeEach(() => {
    vi.useFakeTimers()
    table = new Table()
    const monotonic = () => performance.now()
    const logger = { info: () => {}, warn: () => {} } as never
    streams = createFeedStreams({
      createReader: (calls) => createFeedReader({ source: table, logger, monotonic, ...calls }),
      maxStreams: 200,
      monotonic,
      now: Date.now,
      random: () => 0.5
    })
  })
  afterEach(() => {
    streams.close()
    vi.useRealTimers()
  })

  const open = (request: Partial<StreamRequest> = {}) => {
    const client = new Client()
    streams.open({ nonce: 'n', lastEventId: undefined, token: undefined, ...request }, client)
    return client
  }
  const entry = (value: string) => ({ kind: 'sid' as const, value, expiresAt: Math.ceil(Date.now() / 1000) + 600 })
  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)

  test('begin with the greeting, then all live entries, then a confirmation', async () => {
    table.add('a')
    table.add('b')
    const client = open()
    await pass(20)
    expect(client.text).toMatch(/^event: hello\n.*\n\nevent: revoked\n.*\n\nid: \S+\nevent: current\n/s)
    expect(client.values()).toEqual(['a', 'b'])
  })

  test('send what is committed within one polling interval, and at once when the denylist has it', async () => {
    const client = open()
    await pass(20)
    table.add('later')
    await pass(101)
    expect(client.values()).toEqual(['later'])
    table.add('heard')
    streams.onRevoked('heard')
    await pass(6)
    expect(client.values()).toEqual(['later', 'heard'])
  })

  test('send what this replica has committed before it is read, and a confirmation only after the reading', async () => {
    const client = open()
    await pass(20)
    const { text } = client
    table.isUnavailable = true
    streams.sendCommitted([entry('own')])
    expect(client.text.slice(text.length)).toMatch(
      /^event: revoked\ndata: \{"reading":[\d.]+,"entries":\[[^\]]+\]\}\n\n$/
    )
    expect(client.text).toContain(`{"kind":"sid","value":"own","exp":${entry('own').expiresAt},"age":0}`)
    table.isUnavailable = false
    table.add('own')
    await pass(1100)
    expect(client.values()).toEqual(['own', 'own'])
  })

  test('send nothing ahead of the reader within 5 ms, of more than 150 entries, or to a client that does not read', async () => {
    const client = open()
    await pass(20)
    streams.sendCommitted([entry('one')])
    streams.sendCommitted([entry('two')])
    expect(client.values()).toEqual(['one'])
    await pass(5)
    streams.sendCommitted(Array.from({ length: 151 }, (_, at) => entry(`many-${at}`)))
    expect(client.values()).toEqual(['one'])
    streams.sendCommitted([entry('three')])
    expect(client.values()).toEqual(['one', 'three'])
    client.isReading = false
    await pass(5)
    streams.sendCommitted([entry('four')])
    await pass(5)
    streams.sendCommitted([entry('five')])
    expect(client.values()).toEqual(['one', 'three', 'four'])
  })

  test('send nothing ahead of the reader while there are more than a hundred', async () => {
    const clients = Array.from({ length: 100 }, () => open())
    await pass(20)
    streams.sendCommitted([entry('one')])
    clients.push(open())
    await pass(20)
    streams.sendCommitted([entry('two')])
    expect(clients.map((client) => client.values().length)).toEqual([...Array(100).fill(1), 0])
  })

  test('cost one read, however many there are, and none while no stream is open', async () => {
    await pass(5000)
    expect(table.reads).toBe(0)
    const [one, other] = [open(), open()]
    await pass(1000)
    expect(table.reads).toBeLessThan(13)
    one.destroy()
    other.destroy()
    await pass(65_000)
    const { reads } = table
    await pass(10_000)
    expect(table.reads).toBe(reads)
  })

  test('confirm a moment before the reading each second, and nothing while the database is unavailable', async () => {
    const client = open()
    await pass(3050)
    expect(client.readings().length).toBeGreaterThanOrEqual(3)
    table.isUnavailable = true
    await pass(1000)
    const { length } = client.readings()
    await pass(10_000)
    expect(client.readings().length).toBe(length)
    expect(client.text).toMatch(/: waiting for the database\n\n$/)
    table.isUnavailable = false
    table.add('meanwhile')
    await pass(2000)
    expect(client.values()).toEqual(['meanwhile'])
    expect(client.readings().length).toBeGreaterThan(length)
  })

  test('resume where the client was, and send all in another incarnation of the database', async () => {
    table.add('a')
    const first = open()
    await pass(1100)
    const lastEventId = first.confirmations().at(-1)
    first.destroy()
    table.add('b')
    const second = open({ lastEventId })
    await pass(200)
    expect(second.values()).toEqual(['b'])
    second.destroy()

    table.incarnation = '0000000000000002'
    const third = open({ lastEventId })
    await pass(2000)
    expect(new Set(third.values())).toEqual(new Set(['a', 'b']))
    for (const id of ['x', '0000000000000002-', `${lastEventId}0'`, '9'.repeat(500)]) {
      third.destroy()
      const client = open({ lastEventId: id })
      await pass(50)
      expect(client.values(), id).toEqual(['a', 'b'])
      client.destroy()
    }
  })

  test('get all again when the database begins another incarnation under them', async () => {
    table.add('a')
    const client = open()
    await pass(50)
    table.rows = []
    table.add('restored')
    table.incarnation = '0000000000000002'
    await pass(2000)
    expect(client.values()).toEqual(['a', 'restored'])
    expect(client.confirmations().at(-1)).toMatch(/^0000000000000002-/)
    expect(client.state).toBe('open')
  })

  test('end when the token expires, when it is revoked, and after ten minutes in any case', async () => {
    const exp = Math.floor(Date.now() / 1000) + 5
    const expiring = open({ token: { exp, jti: 'j1', sid: 's1' } })
    const long = open({ token: { exp: exp + 10_000, jti: 'j2', sid: 's2' } })
    await pass(4000)
    expect(expiring.state).toBe('open')
    await pass(2000)
    expect([expiring.state, long.state]).toEqual(['ended', 'open'])
    const revoked = open({ token: { exp: exp + 10_000, jti: 'j3', sid: 's3' } })
    streams.onRevoked('s3')
    expect([revoked.state, long.state]).toEqual(['ended', 'open'])
    const ofKey = open({ token: { exp: exp + 10_000, jti: 'j4', kid: 'k4' } })
    streams.onRevoked('k4')
    expect([ofKey.state, long.state]).toEqual(['ended', 'open'])
    await pass(600_000)
    expect(long.state).toBe('ended')
  })

  test('let a client go that does not read for ten seconds, having buffered one item for it', async () => {
    const client = open()
    await pass(20)
    client.isReading = false
    table.add('x')
    await pass(200)
    const { length } = client.text
    for (let more = 0; more < 50; more++) table.add(`more-${more}`)
    await pass(5000)
    expect(client.text.length).toBe(length)
    await pass(7000)
    expect(client.state).toBe('destroyed')
    expect(streams.count).toBe(0)
  })

  test('go on from where they stand when a slow client reads again', async () => {
    const client = open()
    await pass(20)
    client.isReading = false
    table.add('x')
    await pass(200)
    table.add('y')
    await pass(200)
    client.isReading = true
    client.emit('drain')
    expect(client.values()).toEqual(['x', 'y'])
  })

  test('have a limit, and accept none once they are closed', () => {
    for (let more = 1; more < 200; more++) open()
    const second = open()
    expect(streams.hasRoom()).toBe(false)
    second.destroy()
    expect(streams.hasRoom()).toBe(true)
    streams.close()
    expect([streams.hasRoom(), streams.count]).toEqual([false, 0])
  })

  test('hold no expired entry, and send each live one once to a new client, however many there were', async () => {
    open()
    for (let at = 0; at < 300; at++) {
      table.add(`brief-${at}`, 'sid', 3)
      if (at % 10 === 0) table.add(`long-${at}`, 'kid', 10_000)
      await pass(100)
    }
    await pass(5000)
    table.rows = table.rows.filter(({ expiresAt }) => expiresAt > Date.now() / 1000)
    const newcomer = open()
    await pass(50)
    expect(newcomer.values().length).toBe(30)
  })
})
