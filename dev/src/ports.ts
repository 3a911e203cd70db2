/** Ports of this machine: which are free, and why others are not. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

/** A port of 127.0.0.1 that is free at this moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Why `port` cannot be used on loopback; `undefined` when it can. */
export async function whyPortIsRefused(port: number): Promise<'taken' | 'privileged' | undefined> {
  // macOS lets one bind 127.0.0.1 beside another program's 0.0.0.0, and "localhost" may mean ::1 to a browser.
  if ((await isListening('127.0.0.1', port)) || (await isListening('::1', port))) return 'taken'
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') return 'taken'
    if (code === 'EACCES') return 'privileged'
    throw error
  }
}

export async function isPortFree(port: number): Promise<boolean> {
  return (await whyPortIsRefused(port)) === undefined
}

/** Whether a server accepts connections there within a second. */
export async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.setTimeout(1_000, () => resolve(false))
    })
  } finally {
    socket.destroy()
  }
}
