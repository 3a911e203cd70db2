/** Postgres for tests on a machine without Docker: embedded, fast rather than durable, in a folder of its own. */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endLeftoverPostgres, startEmbeddedPostgres } from '@countersign/dev/embedded-postgres'
import { findProcess } from '@countersign/dev/processes'

const prefix = 'countersign-test-'

export async function startEmbeddedTestPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  await removeLeftovers()
  const dataDir = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  // As root, Postgres runs under another account, which must be able to enter.
  await chmod(dataDir, 0o755)
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false })
  return {
    url: postgres.url('postgres'),
    stop: async () => {
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

/** A run that was killed leaves its Postgres running; its folder's name tells that the run is gone. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^countersign-test-(\d+)-/.exec(name)?.[1])
    if (!pid || (await findProcess(pid))) continue
    const dataDir = join(tmpdir(), name)
    try {
      await endLeftoverPostgres(dataDir)
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
    } catch {
      // Another user's; not ours to clean.
    }
  }
}
