import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { StartError } from './start-error.ts'

/** Where a server listens, and the variables that set it. */
export interface ListenAddress {
  readonly host: string
  /** 0 uses a free port. */
  readonly port: number
  readonly hostVariable: string
  readonly portVariable: string
}

/**
 * Starts to listen.
 * @returns the URL, such as `http://127.0.0.1:4000`
 * @throws {StartError} naming the variable, when the port or the address cannot be used
 */
export async function startListening(server: Server, address: ListenAddress): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explain(error, address))
    server.once('error', fail)
    server.listen(address.port, address.host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  const { address: host, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`
}

function explain(error: NodeJS.ErrnoException, { host, port, hostVariable, portVariable }: ListenAddress): Error {
  if (error.code === 'EADDRINUSE') return new StartError(`Port ${port} (${portVariable}) is already in use.`)
  if (error.code === 'EACCES') return new StartError(`Port ${port} (${portVariable}) needs the rights of root.`)
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN', 'EINVAL'].includes(error.code ?? '')) {
    return new StartError(`${host} (${hostVariable}) is not an address of this machine.`)
  }
  return error
}

/** Stops accepting connections and waits for running requests; after the timeout they are aborted. */
export async function drain(server: Server, timeoutMs: number): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const overdue = setTimeout(() => server.closeAllConnections(), timeoutMs)
  // A keep-alive connection whose last response ends during the drain becomes idle only after `close` has looked.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  await closed
  clearTimeout(overdue)
  clearInterval(idle)
}
