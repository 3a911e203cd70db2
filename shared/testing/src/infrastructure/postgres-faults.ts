/** A proxy in front of Postgres that records every statement, and causes a fault at a statement that a test chooses. */
import type { Socket } from 'node:net'
import { cutBetween, type Exchange, type FaultProxy, startFaultProxy, type Watch } from './fault-proxy.ts'

/** What clients sent: an entry for each round trip, with the statements that it carried out. */
export type PostgresFaults = FaultProxy<PostgresExchange>

/** A statement that was intercepted. */
export interface PostgresExchange extends Exchange {
  /** Makes the server fail with this SQLSTATE in the statement's place; the connection lives on. Only before sending. */
  failWith(sqlState: string): void
  /** Sends a fatal error with this SQLSTATE and ends the connection, as a server that shuts down or is full. */
  endWith(sqlState: string): void
}

/** The text of a connection that begins; it can be intercepted before sending, and is not written down. */
export const connecting = '(connecting)'

/** The text of a round trip that carried out no statement, such as one that only prepared it. */
export const withoutStatement = '(no statement)'

/** Between the statements of one round trip; no statement can hold it. */
export const statementSeparator = '\0'

/** Starts the proxy before a `postgres://` URL whose server speaks without TLS. */
export function startPostgresFaults(target: string): Promise<PostgresFaults> {
  return startFaultProxy(target, relay)
}

/** One round trip with the statements that it carries out, or messages that nobody responds to. */
interface Batch {
  readonly text: string | undefined
  readonly bytes: Buffer
}

/** A statement goes on when its predecessor has its response, and a response when it is complete. */
function relay(client: Socket, upstream: Socket, { record, intercept }: Watch<PostgresExchange>): void {
  let queue = Promise.resolve()
  let response: { chunks: Buffer[]; end(isComplete: boolean): void } | undefined

  const readBatches = createBatchReader((batch) => {
    queue = queue.then(() => carry(batch))
  })
  client.on('data', readBatches)
  const readResponses = createMessageReader({ hasStartUp: false }, (type, message) => {
    if (!response) return void client.write(message)
    response.chunks.push(message)
    if (type === 'Z') response.end(true)
  })
  upstream.on('data', readResponses)
  upstream.on('end', () => {
    // A server that ends a connection may have said why.
    if (response) client.write(Buffer.concat(response.chunks))
    client.end()
  })
  upstream.on('close', () => response?.end(false))

  async function carry({ text, bytes }: Batch): Promise<void> {
    if (text === undefined) return void upstream.write(bytes)
    if (text !== connecting) record(text)
    let toSend = bytes
    const exchange: PostgresExchange = {
      text,
      cut: () => cutBetween(client, upstream),
      failWith(sqlState) {
        // A COMMIT that fails ends its transaction as well.
        const ending = /^COMMIT\b/i.test(text) ? 'ROLLBACK; ' : ''
        toSend = simpleQuery(
          `${ending}DO $$ BEGIN RAISE EXCEPTION 'made by a test' USING ERRCODE = '${sqlState}'; END $$`
        )
      },
      endWith(sqlState) {
        client.end(fatalError(sqlState))
        upstream.destroy()
      }
    }
    await intercept('before_sending', exchange)
    if (!upstream.writable) return
    if (text === connecting) return void upstream.write(bytes)
    const chunks: Buffer[] = []
    const isComplete = await new Promise<boolean>((resolve) => {
      response = { chunks, end: resolve }
      upstream.write(toSend)
    })
    if (!isComplete) return
    await intercept('before_answering', exchange)
    response = undefined
    if (client.writable) client.write(Buffer.concat(chunks))
  }
}

/** Gathers the frontend's messages (Postgres manual, "Message Formats") into batches: a simple query, or all up to a Sync. */
function createBatchReader(onBatch: (batch: Batch) => void): (chunk: Buffer) => void {
  const prepared = new Map<string, string>()
  const portals = new Map<string, string>()
  let gathered: Buffer[] = []
  let texts: string[] = []

  return createMessageReader({ hasStartUp: true }, (type, message) => {
    gathered.push(message)
    const [first = '', second = ''] = message.subarray(5).toString('utf8').split('\0', 2)
    if (type === '') texts = [connecting]
    else if (type === 'Q') texts = [first]
    else if (type === 'P') prepared.set(first, second)
    else if (type === 'B') portals.set(first, prepared.get(second) ?? '')
    else if (type === 'E') texts.push(portals.get(first) ?? '')
    else if (type === 'S' && texts.length === 0) texts = [withoutStatement]
    if (['P', 'B', 'D', 'E', 'C', 'H'].includes(type)) return
    onBatch({ text: texts.length === 0 ? undefined : texts.join(statementSeparator), bytes: Buffer.concat(gathered) })
    gathered = []
    texts = []
  })
}

/** Cuts a stream of chunks into messages. The frontend's start-up message alone has no type byte. */
function createMessageReader(
  { hasStartUp }: { hasStartUp: boolean },
  onMessage: (type: string, message: Buffer) => void
): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0)
  let isStartUp = hasStartUp

  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const typeLength = isStartUp ? 0 : 1
      if (pending.length < typeLength + 4) return
      const length = pending.readUInt32BE(typeLength) + typeLength
      if (pending.length < length) return
      const message = pending.subarray(0, length)
      pending = pending.subarray(length)
      const type = isStartUp ? '' : String.fromCharCode(message[0] as number)
      isStartUp = false
      onMessage(type, message)
    }
  }
}

function simpleQuery(text: string): Buffer {
  return encodeMessage('Q', `${text}\0`)
}

function fatalError(sqlState: string): Buffer {
  return encodeMessage('E', `SFATAL\0VFATAL\0C${sqlState}\0Mmade by a test\0\0`)
}

function encodeMessage(type: string, body: string): Buffer {
  const message = Buffer.alloc(5 + Buffer.byteLength(body))
  message.write(type, 0)
  message.writeUInt32BE(message.length - 1, 1)
  message.write(body, 5)
  return message
}
