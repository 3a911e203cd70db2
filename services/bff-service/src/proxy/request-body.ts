import { Transform } from 'node:stream'
import { PayloadTooLargeError } from '@countersign/oauth'
import { bodyLimitBytes, readBody } from '@countersign/service-kit'
import type { Context } from 'koa'

/** A small body as a whole, so that it can be sent twice; a larger one as a stream; `undefined` for none. */
export type RequestBody = Buffer | Transform | undefined

/** @throws {PayloadTooLargeError} over the limit; through the stream if that is detected while sending */
export async function takeBody(ctx: Context, limitBytes: number): Promise<RequestBody> {
  const length = ctx.get('Content-Length')
  if (length === '' && ctx.get('Transfer-Encoding') === '') return undefined
  if (Number(length) > limitBytes) throw tooLarge(limitBytes)
  if (length !== '' && Number(length) <= bodyLimitBytes) return readBody(ctx)
  return ctx.req.pipe(limitTo(limitBytes))
}

function limitTo(limitBytes: number): Transform {
  let bytes = 0
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > limitBytes) done(tooLarge(limitBytes))
      else done(null, chunk)
    }
  })
  // The sender gets the error while it sends. Afterwards an error without a listener would end the process.
  return limited.on('error', () => {})
}

function tooLarge(limitBytes: number): PayloadTooLargeError {
  return new PayloadTooLargeError({ description: `The request body is larger than ${limitBytes} bytes.` })
}
