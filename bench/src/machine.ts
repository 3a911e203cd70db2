import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { createClient } from 'redis'

/** The machine and the versions of one run, without which a figure means nothing. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memory_gib: number
  readonly node: string
  readonly postgres: string
  readonly redis: string
  readonly commit: string
  /** Day of the run, UTC. */
  readonly date: string
}

export async function describeMachine(postgresUrl: string, redisUrl: string): Promise<Machine> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres: `${await postgresVersion(postgresUrl)}, without fsync`,
    redis: `${await redisVersion(redisUrl)}, without persistence`,
    commit: describeCommit(),
    date: new Date().toISOString().slice(0, 10)
  }
}

async function postgresVersion(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version.split(' ')[0] ?? 'unknown'
  } finally {
    await client.end()
  }
}

async function redisVersion(url: string): Promise<string> {
  const client = createClient({ url })
  await client.connect()
  try {
    return /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'unknown'
  } finally {
    client.destroy()
  }
}

/** With `, changed` when sources differ from it. A downloaded archive has no history to ask. */
function describeCommit(): string {
  const cwd = fileURLToPath(new URL('../../', import.meta.url))
  const git = (...args: string[]) => execFileSync('git', args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] }).toString()
  try {
    const commit = git('rev-parse', '--short', 'HEAD').trim()
    const changes = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!bench/results.*')
    return changes === '' ? commit : `${commit}, changed`
  } catch {
    return 'unknown'
  }
}
