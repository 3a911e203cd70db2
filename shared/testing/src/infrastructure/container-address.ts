import { connect } from 'node:net'
import type { StartedTestContainer } from 'testcontainers'

export interface ContainerAddress {
  readonly host: string
  readonly port: number
}

/**
 * Where a container is reached with the least in between: on Linux its own address, past the process of Docker that copies each
 * byte of a published port; elsewhere the published port. A container that is started again may have another address.
 * @param port that it listens on, and that is published
 */
export async function nearestAddress(container: StartedTestContainer, port: number): Promise<ContainerAddress> {
  const published = { host: container.getHost(), port: container.getMappedPort(port) }
  const isHere = process.platform === 'linux' && ['localhost', '127.0.0.1'].includes(published.host)
  const [network] = container.getNetworkNames()
  if (!isHere || network === undefined) return published
  const own = { host: container.getIpAddress(network), port }
  return (await answers(own)) ? own : published
}

/** A refusal is an answer, too: the server in the container may not listen yet. */
function answers(address: ContainerAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: 500 })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(false))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'ECONNREFUSED'))
  })
}
