import { connect, type Socket } from 'node:net'
import { type Answer, createResponseReader } from './response-reader.ts'

/** One keep-alive connection with one running request at a time. */
export interface Connection {
  /** Sends, and calls back with the response. */
  send(request: Buffer, onAnswer: (answer: Answer) => void): void
  close(): void
}

/** How long a response may take before the round fails, in milliseconds. */
const answerTimeoutMs = 30_000

/** Opens a connection. `onError` is called for everything that ends it before `close`. */
export async function openConnection(origin: URL, onError: (error: Error) => void): Promise<Connection> {
  const socket = await open(origin)
  let waiting: ((answer: Answer) => void) | undefined
  let isClosed = false
  const fail = (error: Error) => {
    if (isClosed) return
    isClosed = true
    socket.destroy()
    onError(error)
  }
  const read = createResponseReader((answer) => {
    const onAnswer = waiting
    if (!onAnswer) return fail(new Error('an answer came that nobody waits for'))
    waiting = undefined
    onAnswer(answer)
  })
  socket.setTimeout(answerTimeoutMs, () => waiting && fail(new Error(`no answer within ${answerTimeoutMs} ms`)))
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
    send(request, onAnswer) {
      waiting = onAnswer
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
