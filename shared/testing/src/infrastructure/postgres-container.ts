import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type ContainerAddress, nearestAddress, publishedAddress } from './container-address.ts'
import { findLastingPort } from './lasting-port.ts'
import { readTestEnvironment } from './test-environment.ts'

export interface PostgresContainerOptions {
  /** True keeps Postgres' own settings, by which a commit has reached the disk when its response is sent. Default: false. */
  readonly durable?: boolean
}

export interface PostgresContainer {
  /** The way to it with the least in between, until it is killed: see `container-address.ts`. */
  readonly url: string
  /** At a port that stays the same when it is started again. */
  readonly lastingUrl: string
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Starts it again after `kill`; resolves when it takes connections. */
  start(): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

/** Starts a Postgres in a container: fast rather than durable, as the one that a whole test run shares. */
export async function startPostgresContainer(options: PostgresContainerOptions = {}): Promise<PostgresContainer> {
  // Here, since most test files start no container, and it takes half a second to load.
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers')
  const hostPort = await findLastingPort()
  const password = randomBytes(12).toString('base64url')
  const fast = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']
  // Hashing the password thousands of times would take a seventh of the time that opening a connection takes.
  const quickSignIn = 'scram_iterations=1'
  const settings = [...(options.durable ? [] : fast), quickSignIn, 'max_connections=200']
  const container = await new GenericContainer(readTestEnvironment().postgresImage)
    .withEnvironment({
      POSTGRES_USER: 'countersign',
      POSTGRES_PASSWORD: password,
      POSTGRES_DB: 'postgres',
      POSTGRES_INITDB_ARGS: `-c ${quickSignIn}`
    })
    .withCommand(['postgres', ...settings.flatMap((setting) => ['-c', setting])])
    // A port chosen by Docker would change when the container is started again.
    .withExposedPorts({ container: 5432, host: hostPort })
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(180_000)
    .start()
  const urlAt = ({ host, port }: ContainerAddress) => `postgresql://countersign:${password}@${host}:${port}/postgres`
  const lastingUrl = urlAt(publishedAddress(container, 5432))
  try {
    await waitUntilConnects(lastingUrl)
  } catch (error) {
    await container.stop()
    throw error
  }
  const client = await getContainerRuntimeClient()
  return {
    url: urlAt(await nearestAddress(container, 5432)),
    lastingUrl,
    kill: async () => void (await client.container.getById(container.getId()).kill()),
    start: async () => {
      await client.container.getById(container.getId()).start()
      await waitUntilConnects(lastingUrl)
    },
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
