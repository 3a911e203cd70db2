import { InvalidRequestError, PayloadTooLargeError, UnsupportedMediaTypeError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'
import getRawBody from 'raw-body'
import type { z } from 'zod'
import { requireMediaType } from './media-types.ts'
import { parseWith } from './validation.ts'

/** The largest request body that is read, in bytes. */
export const bodyLimitBytes = 16 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a JSON body of at most 16 KiB, checks it against a schema, and sets `ctx.state.body`.
 * @throws {UnsupportedMediaTypeError} for another content type, charset or encoding
 * @throws {PayloadTooLargeError} over the limit
 * @throws {InvalidRequestError} for malformed JSON, and with `issues` for a value that does not fit the schema
 */
export function requireJsonBody(schema: z.ZodType): Middleware {
  return async function requireJsonBody(ctx, next) {
    ctx.state.body = parseWith(schema, await readJson(ctx))
    await next()
  }
}

/** As {@link requireJsonBody}, for routes that may be called without a body, which counts as `{}`. */
export function acceptJsonBody(schema: z.ZodType): Middleware {
  return async function acceptJsonBody(ctx, next) {
    // A chunked body without a type may be empty; otherwise it must be JSON.
    const isUntyped = ctx.get('Content-Type') === ''
    const hasBody = ctx.get('Transfer-Encoding') !== '' || Number(ctx.get('Content-Length') || 0) > 0
    const isEmpty = !hasBody || (isUntyped && (await readBody(ctx)).length === 0)
    if (!isEmpty && isUntyped) throw new UnsupportedMediaTypeError()
    ctx.state.body = parseWith(schema, isEmpty ? {} : await readJson(ctx))
    await next()
  }
}

async function readJson(ctx: Context): Promise<unknown> {
  requireMediaType(ctx, 'application/json')
  const bytes = await readBody(ctx)
  if (bytes.length === 0)
    throw new InvalidRequestError({ description: 'The request body is empty; it must be a JSON object.' })
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    throw new InvalidRequestError({ description: 'The request body is not well-formed JSON in UTF-8.' })
  }
}

/** Reads the whole body. @throws {PayloadTooLargeError} over the limit */
export async function readBody(ctx: Context): Promise<Buffer> {
  try {
    return await getRawBody(ctx.req, { limit: bodyLimitBytes, length: ctx.get('Content-Length') || null })
  } catch (error) {
    if ((error as { type?: string }).type === 'entity.too.large') {
      throw new PayloadTooLargeError({ description: `The request body is larger than ${bodyLimitBytes / 1024} KiB.` })
    }
    throw new InvalidRequestError({ description: 'The request body ended before it was complete.', cause: error })
  }
}
