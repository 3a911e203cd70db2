import { PayloadTooLargeError } from '@countersign/oauth'
import type { Middleware } from 'koa'
import { requireMediaType } from './media-types.ts'

export const ndjsonType = 'application/x-ndjson'

/** The longest line that is read whole, in characters. */
export const maxLineLength = 16_384

/** The largest body of lines, in bytes. */
const linesLimitBytes = 16 * 2 ** 20

/** The most lines of a body. */
const maxLines = 100_000

/** The lines of a file or a body in UTF-8. One that is longer than {@link maxLineLength} is cut off behind it, so that no line fills the memory. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const utf8 = new TextDecoder()
  let held = ''
  for await (const chunk of input) {
    const parts = (held + utf8.decode(chunk, { stream: true })).split('\n')
    held = (parts.pop() ?? '').slice(0, maxLineLength + 1)
    yield* parts
  }
  if (held !== '') yield held
}

/**
 * Sets `ctx.state.body` to the lines of an NDJSON body (`AsyncIterable<string>`), which is read as they are taken.
 * @throws {UnsupportedMediaTypeError} for another content type, charset or encoding
 * @throws {PayloadTooLargeError} beyond {@link linesLimitBytes} or {@link maxLines}; the lines throw it too, when only reading shows it
 */
export function takeLines(): Middleware {
  return async function takeLines(ctx, next) {
    requireMediaType(ctx, ndjsonType)
    if (Number(ctx.get('Content-Length')) > linesLimitBytes) throw tooLarge()
    // A request that is destroyed takes its connection along, and the response with it.
    ctx.state.body = boundedLines(ctx.req.iterator({ destroyOnReturn: false }))
    try {
      await next()
    } finally {
      // Otherwise the rest of the body would count as the client's next request there.
      if (!ctx.req.complete) ctx.set('Connection', 'close')
    }
  }
}

async function* boundedLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let count = 0
  for await (const line of linesOf(bounded(input))) {
    count += 1
    if (count > maxLines) throw tooLarge()
    yield line
  }
}

async function* bounded(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of input) {
    bytes += chunk.byteLength
    if (bytes > linesLimitBytes) throw tooLarge()
    yield chunk
  }
}

function tooLarge(): PayloadTooLargeError {
  return new PayloadTooLargeError({
    description: `The request body has more than ${linesLimitBytes / 2 ** 20} MiB or ${maxLines} lines: send it in parts.`
  })
}
