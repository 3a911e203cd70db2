/** Redis in a container, with the faults that a test wants to make. */
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from 'redis'
import { type ContainerAddress, nearestAddress, publishedAddress } from './container-address.ts'
import { findLastingPort } from './lasting-port.ts'
import { readTestEnvironment } from './test-environment.ts'

export interface RedisContainerOptions {
  /** Default: the one that the other suites use. */
  readonly image?: string
  /** True writes an append-only file, so that data outlives a restart. Default: false, so a restart comes back empty. */
  readonly persistent?: boolean
  /** How many numbered databases there are. Default: 16. */
  readonly databases?: number
  /** More options of redis-server, such as `['--requirepass', 'secret']`. */
  readonly options?: readonly string[]
}

/** A Redis on a port that stays the same through all faults. */
export interface RedisContainer {
  readonly url: string
  /** The same Redis with less in between, until it is stopped: see `container-address.ts`. */
  readonly nearestUrl: string
  readonly host: string
  readonly port: number
  /** Ends it orderly; connections are closed, and refused from then on. */
  stop(): Promise<void>
  /** Ends it as a crash would. */
  kill(): Promise<void>
  /** Starts it again after `stop` or `kill`; resolves when it responds. */
  start(): Promise<void>
  /** Freezes it: connections stay open and nothing responds. */
  pause(): Promise<void>
  unpause(): Promise<void>
  /** Runs a command in the container, as root; fails when it does. */
  exec(command: readonly string[]): Promise<void>
  /** Ends it for good. */
  remove(): Promise<void>
}

/** Starts a Redis of one's own; needs Docker. */
export async function startRedisContainer(options: RedisContainerOptions = {}): Promise<RedisContainer> {
  // Here, since most test files start no container, and it takes half a second to load.
  const { GenericContainer, getContainerRuntimeClient } = await import('testcontainers')
  const hostPort = await findLastingPort()
  const started = await new GenericContainer(options.image ?? readTestEnvironment().redisImage)
    .withCommand([
      'redis-server',
      ...['--save', ''],
      ...['--appendonly', options.persistent ? 'yes' : 'no'],
      ...['--databases', String(options.databases ?? 16)],
      ...(options.options ?? [])
    ])
    // A port chosen by Docker would change when the container is started again.
    .withExposedPorts({ container: 6379, host: hostPort })
    .withStartupTimeout(180_000)
    .start()
  const { container: client } = await getContainerRuntimeClient()
  const container = client.getById(started.getId())
  const urlAt = ({ host, port }: ContainerAddress) => `redis://${host}:${port}`
  const { host, port } = publishedAddress(started, 6379)
  const url = urlAt({ host, port })
  await waitUntilResponds(url)
  return {
    url,
    nearestUrl: urlAt(await nearestAddress(started, 6379)),
    host,
    port,
    stop: async () => void (await container.stop({ t: 10 })),
    kill: async () => void (await container.kill()),
    start: async () => {
      await container.start()
      await waitUntilResponds(url)
    },
    pause: async () => void (await container.pause()),
    unpause: async () => void (await container.unpause()),
    exec: async (command) => {
      const { exitCode, output } = await started.exec([...command], { user: 'root' })
      if (exitCode !== 0) throw new Error(`${command.join(' ')} failed: ${output}`)
    },
    remove: async () => void (await container.remove({ force: true, v: true }))
  }
}

async function waitUntilResponds(url: string): Promise<void> {
  const deadline = Date.now() + 60_000
  for (;;) {
    const client = createClient({ url, socket: { connectTimeout: 2_000, reconnectStrategy: false } })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.ping()
      client.destroy()
      return
    } catch (error) {
      // A Redis that asks for a password responds.
      if (/NOAUTH|WRONGPASS/.test(String(error))) return
      if (client.isOpen) client.destroy()
      if (Date.now() > deadline) throw error
      await delay(50)
    }
  }
}
