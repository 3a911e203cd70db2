import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { migrate } from '@countersign/prisma'
import {
  createEmptyTestDatabase,
  createTestDatabase,
  createTestRedis,
  findLastingPort,
  startTcpProxy,
  type TestDatabase
} from '@countersign/testing'
import { query, register, send, signIn, spawnNode } from '@countersign/testing/trio'
import { afterEach, describe, expect, inject, test, vi } from 'vitest'

const main = fileURLToPath(new URL('../../services/auth-service/bundle/main.js', import.meta.url))
const migrations = new URL('../../prisma/migrations/', import.meta.url)
const newest = (await readdir(migrations))
  .filter((name) => /^\d/.test(name))
  .sort()
  .at(-1) as string

/** All rows of all tables, to be compared. */
async function rowsOf(url: string): Promise<Record<string, unknown>> {
  const tables = await query<{ name: string }>(
    url,
    "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
  )
  const rows: Record<string, unknown> = {}
  for (const { name } of tables) rows[name] = await query(url, `SELECT * FROM ${name} ORDER BY 1`)
  return rows
}

describe.skipIf(!inject('docker'))('an auth-service that starts on a schema that is not its own', () => {
  let database: TestDatabase
  let service: ReturnType<typeof spawnNode>
  let managementUrl: string
  let url: string

  afterEach(async () => {
    await service.stop()
    await database.drop()
  })

  async function start(env: Record<string, string> = {}): Promise<void> {
    const [port, managementPort] = [await findLastingPort(), await findLastingPort()]
    url = `http://127.0.0.1:${port}`
    managementUrl = `http://127.0.0.1:${managementPort}`
    service = spawnNode(main, {
      HOST: '127.0.0.1',
      PORT: String(port),
      MANAGEMENT_PORT: String(managementPort),
      SHUTDOWN_DELAY_SECONDS: '0',
      ISSUER: url,
      API_AUDIENCE: 'http://api.test',
      DATABASE_URL: database.url,
      REDIS_URL: await createTestRedis(),
      COUNTERSIGN_MASTER_KEY: randomBytes(32).toString('base64'),
      COUNTERSIGN_ADMIN_PASSWORD: 'correct horse battery 9',
      ...env
    })
  }
  const warnings = () =>
    service
      .logs()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { level: string; msg: string })
      .filter(({ level }) => ['warn', 'error', 'fatal'].includes(level))
      .map(({ msg }) => msg)
  const statusOf = async (path: string) => (await send(`${managementUrl}${path}`, {})).status
  const untilReady = () =>
    vi.waitFor(async () => expect(await statusOf('/health/ready')).toBe(200), { timeout: 20_000, interval: 100 })

  /** Says one sentence, is alive and not ready, takes no request, and writes nothing; for as long as this lasts. */
  async function expectWaiting(sentence: RegExp, env: Record<string, string> = {}): Promise<void> {
    const before = await rowsOf(database.url)
    await start(env)
    await vi.waitFor(() => expect(warnings()).toHaveLength(1), { timeout: 20_000 })
    await vi.waitFor(async () => expect(await statusOf('/health/live')).toBe(200), { timeout: 5000 })
    await new Promise((resolve) => setTimeout(resolve, 2500))
    expect(await send(`${managementUrl}/health/ready`, {})).toMatchObject({ status: 503, body: { status: 'starting' } })
    await expect(fetch(url)).rejects.toThrow()
    expect(warnings()).toEqual([expect.stringMatching(sentence)])
    expect(warnings()[0]).toMatch(/This service is not ready; it continues by itself\.$/)
    expect(await rowsOf(database.url)).toEqual(before)
    expect(service.child.exitCode).toBeNull()
  }

  async function expectServing(): Promise<void> {
    await untilReady()
    await signIn(url, await register(url))
  }

  test('waits for a database that is unavailable, and goes on', async () => {
    database = await createTestDatabase()
    const proxy = await startTcpProxy({ target: database.url })
    try {
      await proxy.cut()
      await expectWaiting(/^The database cannot be reached, or does not respond\./, { DATABASE_URL: proxy.url })
      await proxy.restore()
      await expectServing()
    } finally {
      await service.stop()
      await proxy.close()
    }
  })

  test('ends, and says so, when the database refuses it', async () => {
    database = await createTestDatabase()
    const wrong = new URL(database.url)
    wrong.password = 'wrong'
    await start({ DATABASE_URL: wrong.href })
    expect(await once(service.child, 'exit')).toEqual([1, null])
    expect(service.logs()).not.toContain('wrong')
  })

  test('waits on an empty one, and goes on once migrate is done', async () => {
    database = await createEmptyTestDatabase()
    await expectWaiting(/^The database has no schema yet\. Run: countersign migrate /)
    await migrate(database.url)
    await expectServing()
  })

  test('waits on an older one, and goes on', async () => {
    database = await createEmptyTestDatabase()
    const path = await mkdtemp(join(tmpdir(), 'countersign-older-'))
    await cp(migrations, path, { recursive: true })
    await rm(join(path, newest), { recursive: true })
    await migrate(database.url, { folder: pathToFileURL(`${path}/`) })
    await rm(path, { recursive: true })
    await expectWaiting(new RegExp(`^The database is of an earlier version: it lacks the migration ${newest}\\.`))
    await migrate(database.url)
    await expectServing()
  })

  test('waits on a half-migrated one, and goes on', async () => {
    database = await createTestDatabase()
    const state = (finished: string) =>
      query(database.url, `UPDATE _prisma_migrations SET finished_at = ${finished} WHERE migration_name = $1`, [newest])
    await state('NULL')
    await expectWaiting(new RegExp(`^The migration ${newest} is under way, or was interrupted\\.`))
    await state('now()')
    await expectServing()
  })

  test('waits on one of a later version that took away what it needs; one that only adds is used', async () => {
    database = await createTestDatabase()
    const contract = (oldest: string) =>
      query(database.url, 'UPDATE schema_contract SET oldest_migration = $1', [oldest])
    await query(
      database.url,
      "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('later', '', '99990101000000_later')"
    )
    await contract('99990101000000_later')
    await expectWaiting(/^The database is of a later version of Countersign, which this version cannot use/)
    await contract(newest)
    await expectServing()
    // A later version takes it away while this one runs: it gets no requests any more.
    await contract('99990101000000_later')
    await vi.waitFor(
      async () =>
        expect(await send(`${managementUrl}/health/ready`, {})).toMatchObject({
          status: 503,
          body: { checks: { database: 'ok', schema: 'failing' } }
        }),
      { timeout: 5000 }
    )
    expect((await send(`${url}/.well-known/jwks.json`, {})).status).toBe(503)
    expect(warnings()).toContainEqual(
      expect.stringMatching(/^The database is of a later version.* This service accepts no requests/)
    )
    await contract(newest)
    await untilReady()
  })

  test('ends at once when it is stopped while it waits', async () => {
    database = await createEmptyTestDatabase()
    await start()
    await vi.waitFor(() => expect(warnings()).toHaveLength(1), { timeout: 20_000 })
    const gone = once(service.child, 'exit')
    await service.stop()
    expect(await gone).toEqual([0, null])
  })
})
