import {
  connecting,
  createTestDatabase,
  createTestRedis,
  type PostgresFaults,
  startPostgresFaults,
  startRedisFaults,
  type TestDatabase
} from '@countersign/testing'
import pg from 'pg'
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'

describe('the proxy that makes faults before Postgres', () => {
  let database: TestDatabase
  let proxy: PostgresFaults
  let client: pg.Client

  beforeAll(async () => {
    database = await createTestDatabase()
    proxy = await startPostgresFaults(database.url)
  })
  afterAll(async () => {
    await proxy?.close()
    await database?.drop()
  })
  beforeEach(async () => {
    client = await connect(proxy.url)
    await client.query('DROP TABLE IF EXISTS done; CREATE TABLE done (what text)')
    proxy.clear()
  })
  afterEach(() => {
    client.end().catch(() => undefined)
  })

  const insert = (what: string) => client.query('INSERT INTO done VALUES ($1)', [what])
  const done = async () => {
    const other = await connect(database.url)
    const { rows } = await other.query<{ what: string }>('SELECT what FROM done')
    await other.end()
    return rows.map(({ what }) => what)
  }

  test('writes down simple and prepared statements in their order', async () => {
    await client.query('SELECT 1')
    await insert('one')
    expect(proxy.sent.map(({ text }) => text)).toEqual(['SELECT 1', 'INSERT INTO done VALUES ($1)'])
  })

  test('cuts before a statement is sent, so that it is not done', async () => {
    proxy.intercept({ matches: /^INSERT/, moment: 'before_sending', action: ({ cut }) => cut() })
    await expect(insert('one')).rejects.toThrow()
    expect(await done()).toEqual([])
  })

  test('cuts before the response is back, so that the statement is done', async () => {
    proxy.intercept({ matches: /^INSERT/, moment: 'before_answering', action: ({ cut }) => cut() })
    await expect(insert('one')).rejects.toThrow()
    expect(await done()).toEqual(['one'])
  })

  test('fails with an SQLSTATE once, and the connection stays usable', async () => {
    proxy.intercept({ matches: /^INSERT/, moment: 'before_sending', action: ({ failWith }) => failWith('40001') })
    await expect(insert('one')).rejects.toMatchObject({ code: '40001' })
    await insert('two')
    expect(await done()).toEqual(['two'])
  })

  test('fails a COMMIT, which ends the transaction', async () => {
    proxy.intercept({ matches: /^COMMIT/, moment: 'before_sending', action: ({ failWith }) => failWith('40001') })
    await client.query('BEGIN')
    await insert('one')
    await expect(client.query('COMMIT')).rejects.toMatchObject({ code: '40001' })
    await insert('two')
    expect(await done()).toEqual(['two'])
  })

  test('ends a connection with an SQLSTATE, also one that begins', async () => {
    proxy.intercept({ matches: /^INSERT/, moment: 'before_sending', action: ({ endWith }) => endWith('57P01') })
    await expect(insert('one')).rejects.toMatchObject({ code: '57P01' })
    const isConnecting = (text: string) => text === connecting
    proxy.intercept({ matches: isConnecting, moment: 'before_sending', action: ({ endWith }) => endWith('53300') })
    await expect(connect(proxy.url)).rejects.toMatchObject({ code: '53300' })
  })

  test('holds a statement for the time of the action, and the others continue', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    proxy.intercept({ matches: /^INSERT/, moment: 'before_sending', action: () => held })
    const inserted = insert('one')
    const other = await connect(proxy.url)
    expect((await other.query('SELECT what FROM done')).rows).toEqual([])
    await other.end()
    release()
    await inserted
    expect(await done()).toEqual(['one'])
  })
})

describe.skipIf(!inject('docker'))('the proxy that makes faults before Redis', () => {
  const open = async () => {
    const url = await createTestRedis()
    const proxy = await startRedisFaults(url)
    const direct = await connectToRedis(url)
    const client = await connectToRedis(proxy.url)
    onTestFinished(async () => {
      direct.destroy()
      if (client.isOpen) client.destroy()
      await proxy.close()
    })
    return { proxy, direct, client }
  }

  test('carries large, pipelined and pushed values as they are, and writes the commands down', async () => {
    const { proxy, direct, client } = await open()
    const value = 'many\r\nlines '.repeat(100_000)
    const [, large, missing, hash] = await Promise.all([
      client.set('key', value),
      client.get('key'),
      client.get('missing'),
      client.multi().hSet('hash', { a: '1', b: '2' }).hGetAll('hash').exec()
    ])
    expect([large === value, missing]).toEqual([true, null])
    expect(hash[1]).toEqual({ a: '1', b: '2' })
    expect(proxy.sent.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['GET key', 'GET missing', 'HGETALL hash'])
    )

    const subscriber = await connectToRedis(proxy.url)
    const received = new Promise((resolve) => subscriber.subscribe('channel', resolve))
    await expect.poll(() => direct.publish('channel', 'message')).toBe(1)
    expect(await received).toBe('message')
    subscriber.destroy()
  })

  test('cuts before a command is sent, or before its reply is back', async () => {
    const { proxy, direct, client } = await open()
    proxy.intercept({ matches: /^SET one/, moment: 'before_sending', action: ({ cut }) => cut() })
    await expect(client.set('one', '1')).rejects.toThrow()
    const again = await connectToRedis(proxy.url)
    proxy.intercept({ matches: /^SET two/, moment: 'before_answering', action: ({ cut }) => cut() })
    await expect(again.set('two', '2')).rejects.toThrow()
    expect(await direct.mGet(['one', 'two'])).toEqual([null, '2'])
  })
})

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function connectToRedis(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  return client
}
