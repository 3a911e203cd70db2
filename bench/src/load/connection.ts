import { connect, type Socket } from 'node:net'
import { createResponseReader, type ParsedResponse } from './response-reader.ts'

/** One keep-alive connection with one running request at a time. */
export interface Connection {
  /** Sends, and calls back with the response. */
  send(request: Buffer, onResponse: (response: ParsedResponse) => void): void
  close(): void
}

/** How long a response may take before the round fails, in milliseconds. */
const responseTimeoutMs = 30_000

/** Opens a connection. `onError` is called for everything that ends it before `close`. */
export async function openConnection(origin: URL, onError: (error: Error) => void): Promise<Connection> {
  const socket = await open(origin)
  let waiting: ((response: ParsedResponse) => void) | undefined
  let isClosed = false
  const fail = (error: Error) => {
    if (isClosed) return
    isClosed = true
    socket.destroy()
    onError(error)
  }
  const read = createResponseReader((response) => {
    const onResponse = waiting
    if (!onResponse) return fail(new Error('a response came that nobody waits for'))
    waiting = undefined
    onResponse(response)
  })
  socket.setTimeout(responseTimeoutMs, () => waiting && fail(new Error(`no response within ${responseTimeoutMs} ms`)))
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch (error) {
      fail(error as Error)
    }
  })
  return {
    send(request, onResponse) {
      waiting = onResponse
      socket.write(request)
    },
    close() {
      isClosed = true
      socket.destroy()
    }
  }
}

function open({ hostname, port }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
