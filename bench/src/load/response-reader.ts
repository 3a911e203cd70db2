/** One HTTP/1.1 response (RFC 9112), as far as the load generator needs it. */
export interface ParsedResponse {
  readonly status: number
  /** The header section, with its status line. */
  readonly head: string
  readonly body: string
}

/**
 * Makes a reader of the responses of one connection. It takes what arrives, in whatever pieces, and hands on each complete
 * response. It knows `Content-Length` and `Transfer-Encoding: chunked`, and throws at anything else.
 */
export function createResponseReader(onResponse: (response: ParsedResponse) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined
  return (chunk) => {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    rest = undefined
    while (bytes.length > 0) {
      const found = readResponse(bytes)
      if (found === undefined) {
        rest = bytes
        return
      }
      bytes = bytes.subarray(found.end)
      onResponse(found.response)
    }
  }
}

function readResponse(bytes: Buffer): { response: ParsedResponse; end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  if (!/^HTTP\/1\.1 \d{3}/.test(head)) throw new Error(`this is no HTTP/1.1 response: ${head.slice(0, 100)}`)
  const status = Number(head.slice(9, 12))
  const begin = headEnd + 4
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined || status === 204 || status === 304) {
    const end = begin + Number(length ?? 0)
    if (end > bytes.length) return undefined
    return { response: { status, head, body: bytes.toString('utf8', begin, end) }, end }
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) throw new Error('the response does not tell its length')
  const found = readChunks(bytes, begin)
  return found && { response: { status, head, body: found.body }, end: found.end }
}

/** RFC 9112 §7.1, without trailers. */
function readChunks(bytes: Buffer, begin: number): { body: string; end: number } | undefined {
  const parts: Buffer[] = []
  let at = begin
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const end = lineEnd + 2 + size + 2
    if (Number.isNaN(size)) throw new Error('a chunk does not tell its length')
    if (end > bytes.length) return undefined
    if (size === 0) return { body: Buffer.concat(parts).toString(), end }
    parts.push(bytes.subarray(lineEnd + 2, end - 2))
    at = end
  }
}
