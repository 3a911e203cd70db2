/** Starts the servers of integration tests once for a run: Postgres and Redis in containers, or Postgres alone without Docker. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium, findFirefox, findWebKit } from './browsers.ts'
import { findDockerWith } from './docker.ts'
import { startEmbeddedTestPostgres } from './embedded-test-postgres.ts'
import { startPostgresContainer } from './postgres-container.ts'
import './provided.ts'
import type { TestProject } from 'vitest/node'
import { startRedisContainer } from './redis-container.ts'
import { makeTemplateDatabase } from './test-database.ts'
import { readTestEnvironment } from './test-environment.ts'

interface Shared {
  readonly url: string
  stop(): Promise<void>
}

export default async function setUpInfrastructure(project: TestProject): Promise<() => Promise<void>> {
  const { postgresImage, redisImage } = readTestEnvironment()
  const log = (line: string) => project.vitest.logger.log(line)
  const docker = await findDockerWith([postgresImage, redisImage], log)
  if (!docker.isAvailable) {
    log(
      `Left out: tests/compose, and every suite that needs Redis or containers (${docker.reason}). ` +
        'Postgres is the embedded one.'
    )
  }
  if (findChromium() === undefined) log('Left out: tests/browser (there is no Chromium; CHROMIUM_PATH may name one).')
  if (findFirefox() === undefined) log('Left out: the pages in Firefox (there is none; FIREFOX_PATH may name one).')
  if (findWebKit() === undefined) log('Left out: the pages in WebKit (it needs webkit2gtk-driver and xvfb of Debian).')
  const runFolder = await mkdtemp(join(tmpdir(), 'countersign-run-'))
  const started: Shared[] = []
  const stopAll = async () => {
    await Promise.all([...started.map((shared) => shared.stop()), remove(runFolder)])
  }
  try {
    const postgres = docker.isAvailable ? await startPostgresContainer() : await startEmbeddedTestPostgres()
    started.push(postgres)
    const redis = docker.isAvailable ? await startRedisContainer({ databases: 512 }) : undefined
    if (redis) started.push({ url: redis.nearestUrl, stop: redis.remove })
    await makeTemplateDatabase(postgres.url)
    project.provide('postgresUrl', postgres.url)
    project.provide('redisUrl', redis?.nearestUrl)
    project.provide('docker', docker.isAvailable)
    project.provide('runFolder', runFolder)
    // What was made of sources that have changed since is stale.
    project.onTestsRerun(async () => {
      for (const name of await readdir(runFolder)) await remove(join(runFolder, name))
    })
    return stopAll
  } catch (error) {
    await stopAll()
    throw error
  }
}

const remove = (path: string) => rm(path, { recursive: true, force: true, maxRetries: 3 })
