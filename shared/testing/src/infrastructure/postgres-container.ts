import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { GenericContainer, Wait } from 'testcontainers'
import { type ContainerAddress, nearestAddress, publishedAddress } from './container-address.ts'
import { readTestEnvironment } from './test-environment.ts'

export interface PostgresContainerOptions {
  /** True keeps Postgres' own settings, by which a commit has reached the disk when it is answered. Default: false. */
  readonly durable?: boolean
}

/** Starts the Postgres that a whole test run shares; fast rather than durable. */
export async function startPostgresContainer(
  options: PostgresContainerOptions = {}
): Promise<{ url: string; stop(): Promise<void> }> {
  const password = randomBytes(12).toString('base64url')
  const fast = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  const settings = [...(options.durable ? [] : fast), 'max_connections=200']
  const container = await new GenericContainer(readTestEnvironment().postgresImage)
    .withEnvironment({ POSTGRES_USER: 'countersign', POSTGRES_PASSWORD: password, POSTGRES_DB: 'postgres' })
    .withCommand(['postgres', ...settings.flatMap((setting) => ['-c', setting])])
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(180_000)
    .start()
  const urlAt = ({ host, port }: ContainerAddress) => `postgresql://countersign:${password}@${host}:${port}/postgres`
  try {
    await waitUntilConnects(urlAt(publishedAddress(container, 5432)))
  } catch (error) {
    await container.stop()
    throw error
  }
  return {
    url: urlAt(await nearestAddress(container, 5432)),
    stop: async () => {
      await container.stop()
    }
  }
}

/** A port that is mapped says nothing yet: the first start of the image runs a server that takes no network. */
async function waitUntilConnects(connectionString: string): Promise<void> {
  const deadline = Date.now() + 120_000
  for (;;) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      client.end().catch(() => undefined)
      if (Date.now() > deadline) throw error
      await delay(100)
    }
  }
}
