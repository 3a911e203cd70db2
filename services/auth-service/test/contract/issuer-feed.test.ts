/** The feed over HTTP: a real Postgres, the issuer's own reader and streams, and a network between them and the verifier. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import {
  createTestDatabase,
  describeRevocationFeed,
  openTestPool,
  type PublisherUnderTest,
  type RevocationTransport,
  startTcpProxy,
  type TestDatabase
} from '@countersign/testing'
import { createIssuerRevocationFeed, type RevocableIdentifiers, type RevocationEntry } from '@countersign/verifier'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DatabaseReplacedError, type FeedPosition, type FeedSource } from '../../src/revocation/feed/feed-source.ts'
import type { FeedStreams } from '../../src/revocation/feed/feed-streams.ts'
import { createRevocationFeed } from '../../src/revocation/feed/revocation-feed.ts'
import { openRevocationFeedSource } from '../../src/stores/postgres/revocation-feed-source.ts'

const logger = { info: () => {}, warn: () => {} } as never

let database: TestDatabase
let pool: pg.Pool
beforeAll(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
})
afterAll(async () => {
  await pool?.end()
  await database?.drop()
})

const insert = (entries: readonly RevocationEntry[], on: pg.Pool | pg.PoolClient = pool) =>
  on.query(
    `INSERT INTO revocations (kind, value, expires_at)
     SELECT kind, value, to_timestamp(exp) FROM unnest($1::text[], $2::text[], $3::float8[]) AS entry(kind, value, exp)`,
    [entries.map(({ kind }) => kind), entries.map(({ value }) => value), entries.map(({ expiresAt }) => expiresAt)]
  )

/** The database that can be lost: from then on it sends nothing, until it was restored as another incarnation. */
class LosableDatabase {
  #losses = 0
  isThere = false

  async lose(): Promise<void> {
    this.#losses++
    this.isThere = false
    await pool.query('DELETE FROM revocations')
  }

  async restore(batches: AsyncIterable<readonly RevocationEntry[]>): Promise<void> {
    const losses = this.#losses
    for await (const entries of batches) await insert(entries)
    if (losses !== this.#losses) throw new Error('lost during the restore')
    this.isThere = true
  }

  source(inner: FeedSource): FeedSource {
    let innerIncarnation = ''
    const check = (incarnation?: string) => {
      if (!this.isThere) throw new Error('the database is unavailable')
      if (incarnation !== undefined && incarnation !== this.#incarnation()) throw new DatabaseReplacedError()
    }
    const ofThisIncarnation = (position: FeedPosition) => {
      check()
      return { ...position, incarnation: this.#incarnation() }
    }
    return {
      readAll: async (take) => {
        check()
        const position = await inner.readAll(take)
        innerIncarnation = position.incarnation
        return ofThisIncarnation(position)
      },
      readSince: async (position, take) => {
        check(position.incarnation)
        return ofThisIncarnation(await inner.readSince({ ...position, incarnation: innerIncarnation }, take))
      }
    }
  }

  #incarnation = () => this.#losses.toString(16).padStart(16, '0')
}

async function isRevoked({ jti, sid, kid, actors = [] }: RevocableIdentifiers): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM revocations WHERE expires_at > clock_timestamp()
       AND (kind = 'jti' AND value = $1 OR kind = 'kid' AND value = $2 OR kind = 'sid' AND value = ANY($3))`,
    [jti, kid, sid === undefined ? actors : [sid, ...actors]]
  )
  return (rowCount ?? 0) > 0
}

async function startIssuer(streams: FeedStreams, isThere: () => boolean) {
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://issuer')
    if (pathname === '/revocations/feed') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      const lastEventId = request.headers['last-event-id'] as string | undefined
      return streams.open({ nonce: searchParams.get('nonce') ?? '', lastEventId, token: undefined }, response)
    }
    const revoked = await isRevoked((await json(request)) as RevocableIdentifiers)
    // What is known to be revoked stays so; what is not known cannot be known without the database.
    if (!isThere()) response.statusCode = 503
    response.end(JSON.stringify({ revoked }))
  }
  const server = createServer((request, response) => void respond(request, response).catch(() => response.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function createTransport(): Promise<RevocationTransport> {
  await pool.query('DELETE FROM revocations')
  const losable = new LosableDatabase()
  const source = openRevocationFeedSource(database.url)
  const streams = createRevocationFeed({ source: losable.source(source), logger, maxStreams: 100 })
  const { server, url } = await startIssuer(streams, () => losable.isThere)
  const proxy = await startTcpProxy({ target: url })
  let isReachable = true
  const reach = () => {
    if (!isReachable) throw new Error('the network is down')
  }
  const publisher: PublisherUnderTest = {
    async publish(entries) {
      reach()
      await insert(entries)
      for (const { value } of entries) streams.onRevoked(value)
    },
    async isIntact() {
      reach()
      return losable.isThere
    },
    rebuild: (batches) => losable.restore(batches),
    async confirmPublished() {},
    async reportBacklog() {},
    async close() {}
  }
  const whenReachable = (reachable: boolean, change: () => unknown) => {
    isReachable = reachable
    return change()
  }
  return {
    noticedWithinMs: 4500,
    createPublisher: () => publisher,
    createFeed: () => createIssuerRevocationFeed({ feedUri: `${proxy.url}revocations/feed` }),
    flush: () => losable.lose(),
    network: {
      freeze: () => void whenReachable(false, proxy.pause),
      thaw: () => void whenReachable(true, proxy.resume),
      cut: async () => void (await whenReachable(false, proxy.cut)),
      restore: async () => void (await whenReachable(true, proxy.restore)),
      drop: proxy.dropConnections
    },
    async close() {
      streams.close()
      await proxy.close()
      server.closeAllConnections()
      server.close()
      await source.close()
    }
  }
}

describeRevocationFeed('HTTP', createTransport)

describe('the source of the feed in Postgres', () => {
  const entry = (value: string): RevocationEntry => ({ kind: 'sid', value, expiresAt: Date.now() / 1000 + 600 })

  test('misses nothing that is committed later under a lower id, and gives nothing that is rolled back', async () => {
    const source = openRevocationFeedSource(database.url)
    const [slow, lost] = [await pool.connect(), await pool.connect()]
    try {
      let position = await source.readAll(() => {})
      const read = async () => {
        const values: string[] = []
        position = await source.readSince(position, (entries) => values.push(...entries.map(({ value }) => value)))
        return values
      }
      for (const connection of [slow, lost]) await connection.query('BEGIN')
      await insert([entry('slow')], slow)
      await insert([entry('lost')], lost)
      await insert([entry('quick')])
      expect(await read()).toEqual(['quick'])
      await insert([entry('next')])
      expect(await read()).toEqual(['next'])
      await slow.query('COMMIT')
      await lost.query('ROLLBACK')
      expect(await read()).toEqual(['slow'])
      expect(await read()).toEqual([])
    } finally {
      slow.release()
      lost.release()
      await source.close()
    }
  })

  test('reads pages of a large transaction, each entry once', async () => {
    const source = openRevocationFeedSource(database.url)
    try {
      const position = await source.readAll(() => {})
      await insert(Array.from({ length: 4500 }, (_, at) => entry(`page-${at}`)))
      for (const reading of [
        source.readAll,
        (take: Parameters<FeedSource['readAll']>[0]) => source.readSince(position, take)
      ]) {
        const values: string[] = []
        await reading((entries) => values.push(...entries.map(({ value }) => value)))
        const ours = values.filter((value) => value.startsWith('page-'))
        expect([ours.length, new Set(ours).size]).toEqual([4500, 4500])
      }
    } finally {
      await source.close()
    }
  })

  test('reads pages in the order of transactions, also where their numbers get another digit', async () => {
    const source = openRevocationFeedSource(database.url)
    try {
      const position = await source.readAll(() => {})
      await pool.query(
        `INSERT INTO revocations (kind, value, expires_at, transaction_id)
         SELECT 'sid', 'digits-' || at, now() + interval '10 minutes', (CASE WHEN at = 0 THEN '99' ELSE '100' END)::xid8
         FROM generate_series(0, 2500) at`
      )
      const values: string[] = []
      const take: Parameters<FeedSource['readAll']>[0] = (entries) => values.push(...entries.map(({ value }) => value))
      await source.readSince({ ...position, cursor: '50:50:' }, take)
      const ours = values.filter((value) => value.startsWith('digits-'))
      expect([ours.length, new Set(ours).size, ours[0]]).toEqual([2501, 2501, 'digits-0'])
    } finally {
      await source.close()
    }
  })

  test('knows the position of another database as one of another incarnation', async () => {
    const other = await createTestDatabase()
    const [here, there] = [openRevocationFeedSource(database.url), openRevocationFeedSource(other.url)]
    try {
      const position = await there.readAll(() => {})
      await expect(here.readSince(position, () => {})).rejects.toThrow(DatabaseReplacedError)
    } finally {
      await Promise.all([here.close(), there.close()])
      await other.drop()
    }
  })

  test('reads rows of a cluster with higher transaction ids once, not again and again', async () => {
    const source = openRevocationFeedSource(database.url)
    try {
      await pool.query(
        `INSERT INTO revocations (kind, value, expires_at, transaction_id) VALUES ('sid', 'foreign', now() + interval '1 minute', '9000000000')`
      )
      const values: string[] = []
      const take: Parameters<FeedSource['readAll']>[0] = (entries) => values.push(...entries.map(({ value }) => value))
      let position = await source.readAll(take)
      position = await source.readSince(position, take)
      await source.readSince(position, take)
      expect(values.filter((value) => value === 'foreign')).toEqual(['foreign'])
    } finally {
      await source.close()
    }
  })
})
