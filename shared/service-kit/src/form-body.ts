import { InvalidRequestError } from '@countersign/oauth'
import type { Context, Middleware } from 'koa'
import { z } from 'zod'
import { readBody } from './json-body.ts'
import { requireMediaType } from './media-types.ts'
import { parseWith } from './validation.ts'

/** The most parameters of a form. */
const maxParameters = 50

/**
 * Reads a form body of at most 16 KiB by RFC 6749 §3.2 (blanks, and a line break at the end, are tolerated), checks it against
 * a schema, and sets `ctx.state.body`. A parameter without a value counts as absent; one that is an array in the schema may be
 * repeated.
 * @throws {UnsupportedMediaTypeError} for another content type, charset or encoding
 * @throws {PayloadTooLargeError} past the limit
 * @throws {InvalidRequestError} for a repeated parameter, and with `issues` for an invalid one
 */
export function requireForm(schema: z.ZodObject): Middleware {
  return async function requireForm(ctx, next) {
    const parameters = await readParameters(ctx)
    const form: Record<string, string | string[]> = {}
    const seen = new Set<string>()
    for (const [name, value] of parameters) {
      const isRepeatable = isArray(Object.hasOwn(schema.shape, name) ? schema.shape[name] : schema.def.catchall)
      // An empty one counts, too: another parser might use it.
      if (seen.has(name) && !isRepeatable) throw new InvalidRequestError({ description: 'A parameter is repeated.' })
      seen.add(name)
      if (value === '') continue
      if (isRepeatable) form[name] = [...(Object.hasOwn(form, name) ? (form[name] as string[]) : []), value]
      else Object.defineProperty(form, name, { value, enumerable: true, configurable: true, writable: true })
    }
    ctx.state.body = parseWith(schema, form)
    await next()
  }
}

function isArray(schema: unknown): boolean {
  return schema instanceof z.ZodOptional ? isArray(schema.unwrap()) : schema instanceof z.ZodArray
}

async function readParameters(ctx: Context): Promise<[string, string][]> {
  requireMediaType(ctx, 'application/x-www-form-urlencoded')
  // Files and editors end with a line break, and the shell passes it on.
  const text = (await readBody(ctx)).toString('latin1').replace(/\r?\n$/, '')
  checkEscapes(text)
  const parameters = [...new URLSearchParams(text)]
  if (parameters.length > maxParameters)
    throw new InvalidRequestError({ description: 'There are too many parameters.' })
  if (parameters.some(([name, value]) => /[\0\ufffd]/.test(name + value))) {
    throw new InvalidRequestError({ description: 'The form holds a NUL character, or bytes that are not UTF-8.' })
  }
  return parameters
}

/** `URLSearchParams` accepts unescaped characters. A blank is common, and has only one meaning. */
function checkEscapes(text: string): void {
  const at = /[^\x20-\x7e]|%(?![\dA-Fa-f]{2})/.exec(text)?.index
  if (at === undefined) return
  const fault = text[at] === '%' ? 'a % without two hexadecimal digits' : 'a character that must be percent-encoded'
  throw new InvalidRequestError({ description: `The form has ${fault} at byte ${at + 1}.` })
}
