import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgres, endLeftoverPostgres, startEmbeddedPostgres } from '@countersign/dev/embedded-postgres'
import { findProcess } from '@countersign/dev/processes'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

let dataDir: string
let running: EmbeddedPostgres | undefined

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'countersign-embedded-'))
  await chmod(dataDir, 0o755)
})
afterEach(async () => {
  await running?.stop()
  running = undefined
})
afterAll(async () => {
  await endLeftoverPostgres(dataDir)
  await rm(dataDir, { recursive: true, force: true })
})

async function start(onProgress?: (message: string) => void): Promise<EmbeddedPostgres> {
  running = await startEmbeddedPostgres({
    dataDir,
    database: 'orders',
    durable: false,
    ...(onProgress ? { onProgress } : {})
  })
  return running
}

async function query(postgres: EmbeddedPostgres, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgres.url('orders') })
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

test('an initdb that was killed halfway is done again', async () => {
  await mkdir(join(dataDir, 'making-1-cut'), { recursive: true })
  await writeFile(join(dataDir, 'making-1-cut', 'PG_VERSION'), '18')
  const progress: string[] = []
  const postgres = await start((message) => progress.push(message))
  expect(progress).toEqual(['Making the database (first start only) …'])
  await query(postgres, 'CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)')
  expect((await readdir(dataDir)).filter((name) => name.startsWith('making'))).toEqual([])
})

test('a second start finds the data on the same port, and has nothing to report', async () => {
  const progress: string[] = []
  const first = await start()
  await first.stop()
  const second = await start((message) => progress.push(message))
  expect(await query(second, 'SELECT id FROM kept')).toEqual([{ id: 7 }])
  expect(second.port).toBe(first.port)
  expect(progress).toEqual([])
})

test('only its owner may read the password, and a wrong one is refused', async () => {
  const postgres = await start()
  expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600)
  const url = new URL(postgres.url('orders'))
  url.password = 'wrong'
  await expect(new pg.Client({ connectionString: url.href }).connect()).rejects.toThrow(
    /password authentication failed/
  )
})

test('a lost password is replaced', async () => {
  await rm(join(dataDir, 'password'))
  expect(await query(await start(), 'SELECT id FROM kept')).toEqual([{ id: 7 }])
})

test('a server that a killed process left running is stopped before the next starts', async () => {
  const child = fork(fileURLToPath(new URL('./fixtures/hold-postgres.mjs', import.meta.url)), [dataDir], {
    // Not Vitest's own, which lead to the TypeScript sources.
    execArgv: []
  })
  const [left] = (await once(child, 'message')) as [{ pid: number }]
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(await findProcess(left.pid)).toBeDefined()

  const progress: string[] = []
  const postgres = await start((message) => progress.push(message))
  expect(await findProcess(left.pid)).toBeUndefined()
  expect(progress.join()).toContain(`left its database running (pid ${left.pid})`)
  expect(await query(postgres, 'SELECT id FROM kept')).toEqual([{ id: 7 }])
})

test('a stale pid file is put away, and the innocent process that has its pid now is left alone', async () => {
  await (await start()).stop()
  await writeFile(join(dataDir, 'cluster', 'postmaster.pid'), `${process.pid}\n${join(dataDir, 'cluster')}\n`)
  expect(await query(await start(), 'SELECT id FROM kept')).toEqual([{ id: 7 }])
})

test('a server that ends by itself is noticed', async () => {
  const postgres = await start()
  process.kill(postgres.pid, 'SIGINT')
  await postgres.ended
  expect(await findProcess(postgres.pid)).toBeUndefined()
})

test('a cluster of another major version is refused with both versions and the way out, and nothing is changed', async () => {
  const file = join(dataDir, 'cluster', 'PG_VERSION')
  const version = await readFile(file, 'utf8')
  const before = await readdir(join(dataDir, 'cluster'))
  await writeFile(file, '17\n')
  await expect(start()).rejects.toThrow(/made by Postgres 17, .* brings Postgres 18.*COUNTERSIGN_DATA_DIR/s)
  expect(await readdir(join(dataDir, 'cluster'))).toEqual(before)
  await writeFile(file, version)
})

const nobodysUid = 471_100

/** Starts the database as a user without a name, over a folder of that user. */
function startNameless(folder: string, environment: NodeJS.ProcessEnv) {
  const ids = [`--reuid=${nobodysUid}`, `--regid=${nobodysUid}`, '--clear-groups']
  const script = fileURLToPath(new URL('./fixtures/hold-postgres.mjs', import.meta.url))
  return spawn('/usr/bin/setpriv', [...ids, process.execPath, script, folder], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc']
  })
}

describe.runIf(process.geteuid?.() === 0)('a user without an entry in /etc/passwd', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-nameless-'))
    await chown(folder, nobodysUid, nobodysUid)
  })
  afterAll(async () => {
    await endLeftoverPostgres(folder)
    await rm(folder, { recursive: true, force: true })
  })

  test('has a database', async () => {
    const child = startNameless(folder, process.env)
    await once(child, 'message')
    expect((await stat(join(folder, 'cluster'))).uid).toBe(nobodysUid)
    child.kill('SIGKILL')
    await once(child, 'exit')
  })

  test('gets an error that says what to do where user namespaces are not allowed', async () => {
    const child = startNameless(folder, { PATH: '/nowhere' })
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    expect(await once(child, 'close')).toEqual([1, null])
    expect(said).toMatch(/UID 471100 has no entry in \/etc\/passwd\. Start as a user that has one, or add one/)
  })
})
