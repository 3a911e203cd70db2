/** An event of a stream (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface StreamEvent {
  readonly name: string
  readonly data: string
  /** The id that the stream has named last; `undefined` before the first. */
  readonly lastId: string | undefined
}

/** Longer than any event of an issuer: memory that one line, or one event, can take. */
const maxEventBytes = 1024 * 1024
const newline = 0x0a

/**
 * Makes a parser for one stream, which takes bytes as they come and calls back with each whole event.
 *
 * @throws when a line or an event is too long
 */
export function createEventStreamParser(onEvent: (event: StreamEvent) => void): (bytes: Uint8Array) => void {
  let partial: Buffer[] = []
  let partialBytes = 0
  let eventBytes = 0
  let name = ''
  let data: string[] = []
  let lastId: string | undefined

  const count = (bytes: number) => {
    if (bytes > maxEventBytes) throw new Error(`an event of more than ${maxEventBytes} bytes`)
    return bytes
  }
  const dispatch = () => {
    if (data.length > 0) onEvent({ name: name || 'message', data: data.join('\n'), lastId })
    name = ''
    data = []
    eventBytes = 0
  }
  const takeLine = (line: string) => {
    if (line === '') return dispatch()
    eventBytes = count(eventBytes + line.length)
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') name = value
    else if (field === 'data') data.push(value)
    else if (field === 'id' && !value.includes('\0')) lastId = value
  }

  return (bytes) => {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      const line = Buffer.concat([...partial, chunk.subarray(from, at)]).toString('utf8')
      partial = []
      partialBytes = 0
      from = at + 1
      takeLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    }
    if (from === chunk.length) return
    partialBytes = count(partialBytes + chunk.length - from)
    // Copied, since the caller may use the bytes again.
    partial.push(Buffer.from(chunk.subarray(from)))
  }
}
