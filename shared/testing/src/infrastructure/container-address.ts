import { isListening } from '@countersign/dev/ports'
import type { StartedTestContainer } from 'testcontainers'

export interface ContainerAddress {
  readonly host: string
  readonly port: number
}

/** Where Docker publishes a port of a container on this machine. */
export function publishedAddress(container: StartedTestContainer, port: number): ContainerAddress {
  return { host: container.getHost(), port: container.getMappedPort(port) }
}

/**
 * Where a container is reached with the least in between: on Linux its own address, past the process of Docker that copies each
 * byte of a published port; elsewhere the published port. A container that is started again may have another address.
 * @param port that it listens on by now, and that is published
 */
export async function nearestAddress(container: StartedTestContainer, port: number): Promise<ContainerAddress> {
  const published = publishedAddress(container, port)
  const isHere = process.platform === 'linux' && ['localhost', '127.0.0.1'].includes(published.host)
  const [network] = container.getNetworkNames()
  if (!isHere || network === undefined) return published
  const own = { host: container.getIpAddress(network), port }
  return (await isListening(own.host, own.port)) ? own : published
}
