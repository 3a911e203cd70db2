/** A proxy in front of Redis that records every command, and causes a fault at a command that a test chooses. */
import type { Socket } from 'node:net'
import { cutBetween, type Exchange, type FaultProxy, startFaultProxy, type Watch } from './fault-proxy.ts'

/** A command's text is its words, joined by spaces. */
export type RedisFaults = FaultProxy<Exchange>

/** Starts the proxy before a `redis://` URL. */
export function startRedisFaults(target: string): Promise<RedisFaults> {
  return startFaultProxy(target, relay)
}

/** Replies come in the order of the commands, pushed messages in between. */
function relay(client: Socket, upstream: Socket, { record, intercept }: Watch<Exchange>): void {
  const unanswered: Exchange[] = []
  let commands = Promise.resolve()
  let replies = Promise.resolve()

  const readCommands = createValueReader((value) => {
    commands = commands.then(() => carryCommand(value))
  })
  const readReplies = createValueReader((value) => {
    replies = replies.then(() => carryReply(value))
  })
  client.on('data', readCommands)
  upstream.on('data', readReplies)

  async function carryCommand(command: Buffer): Promise<void> {
    const exchange = { text: wordsOf(command), cut: () => cutBetween(client, upstream) }
    record(exchange.text)
    await intercept('before_sending', exchange)
    unanswered.push(exchange)
    if (upstream.writable) upstream.write(command)
  }

  async function carryReply(reply: Buffer): Promise<void> {
    const exchange = isPushed(reply) ? undefined : unanswered.shift()
    if (exchange) await intercept('before_answering', exchange)
    if (client.writable) client.write(reply)
  }
}

/** A command is an array of bulk strings: every second line is a word. */
function wordsOf(command: Buffer): string {
  const lines = command.toString().split('\r\n')
  return lines.filter((_, at) => at > 0 && at % 2 === 0).join(' ')
}

function isPushed(reply: Buffer): boolean {
  return reply[0] === '>'.charCodeAt(0)
}

/** Cuts a stream of chunks into values of RESP: whole commands or replies. */
function createValueReader(onValue: (value: Buffer) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0)
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const end = endOfValue(pending, 0)
      if (end === undefined) return
      onValue(pending.subarray(0, end))
      pending = pending.subarray(end)
    }
  }
}

/** Where the value ends that begins at `start`; `undefined` while it is not all there. */
function endOfValue(buffer: Buffer, start: number): number | undefined {
  const lineEnd = buffer.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  const type = String.fromCharCode(buffer[start] as number)
  const length = Number(buffer.toString('latin1', start + 1, lineEnd))
  let end: number | undefined = lineEnd + 2
  if (['$', '=', '!'].includes(type) && length >= 0) {
    end += length + 2
    return end <= buffer.length ? end : undefined
  }
  if (!['*', '~', '>', '%'].includes(type)) return end
  const members = type === '%' ? 2 * length : length
  for (let member = 0; member < members && end !== undefined; member++) end = endOfValue(buffer, end)
  return end
}
