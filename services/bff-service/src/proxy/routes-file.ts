import { readFile } from 'node:fs/promises'
import { ConfigurationError } from '@countersign/service-kit'
import { z } from 'zod'

/** An API behind a path prefix. */
export interface ApiRoute {
  /** Such as `/api/reports`, without a slash at its end; it is removed. */
  readonly prefix: string
  /** Where the API is reached. */
  readonly url: string
  /** What its tokens are for (RFC 8707). Without it: the issuer and its first API. */
  readonly api?: string | undefined
  /** Which scopes its tokens have. Without it: all that the user holds there. */
  readonly scopes?: readonly string[] | undefined
}

const maxRoutes = 32
const maxFileBytes = 256 * 1024

/** A path of plain segments: two servers never read it in two ways. */
export const plainPath = /^(?:\/[a-z0-9_~-]+(?:\.[a-z0-9_~-]+)*)+$/i

const route = z
  .strictObject({
    prefix: z
      .string()
      .max(256)
      .regex(
        plainPath,
        'is a path such as /api/reports: letters, digits and - _ ~ between slashes, no slash at its end'
      ),
    url: z.string().refine(isServiceUrl, 'is an http or https URL without credentials, query and fragment'),
    api: z.string().min(1).max(512).refine(isIdentifier, 'is the identifier of an API: an absolute URI').optional(),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'is a scope: no spaces, quotes or backslashes'))
      .min(1)
      .max(100)
      .optional()
  })
  .refine(({ api, scopes }) => scopes === undefined || api !== undefined, {
    path: ['scopes'],
    message: 'needs "api": scopes are those of one API'
  })

const content = z.strictObject({ routes: z.array(route).min(1).max(maxRoutes) })

/**
 * Reads the file that names the APIs.
 * @param reserved paths of this service that no prefix may have or contain
 * @throws {ConfigurationError} that lists every mistake
 */
export async function readRoutesFile(path: string, reserved: readonly string[]): Promise<ApiRoute[]> {
  const value = parse(await read(path))
  const { success, data, error } = content.safeParse(value)
  const prefixes = prefixesOf(value)
  const problems = [
    ...(error?.issues ?? []).map(({ path, message }) => `${placeOf(path)} ${message}`),
    ...repeated(prefixes),
    ...taken(prefixes, reserved)
  ]
  if (!success || problems.length > 0) {
    throw new ConfigurationError(problems.map((problem) => `ROUTES_FILE: ${problem}.`))
  }
  return data.routes.map((one) => ({ ...one, url: one.url.replace(/\/$/, '') }))
}

/** The prefixes of all routes, so that they are compared even when something else is wrong. */
function prefixesOf(value: unknown): string[] {
  const loose = z.object({ routes: z.array(z.object({ prefix: z.string() }).catch({ prefix: '' })) })
  const { data } = loose.safeParse(value)
  return (data?.routes ?? []).map(({ prefix }) => prefix).filter((prefix) => prefix !== '')
}

async function read(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause) => {
    throw new ConfigurationError([
      `ROUTES_FILE cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}.`
    ])
  })
  if (bytes.length > maxFileBytes) throw new ConfigurationError([`ROUTES_FILE is larger than ${maxFileBytes} bytes.`])
  return bytes.toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ConfigurationError([`ROUTES_FILE is not JSON: ${(error as Error).message}.`])
  }
}

function repeated(prefixes: readonly string[]): string[] {
  const twice = prefixes.filter((prefix, at) => prefixes.indexOf(prefix) !== at)
  return [...new Set(twice)].map((prefix) => `the prefix ${prefix} appears twice`)
}

function taken(prefixes: readonly string[], reserved: readonly string[]): string[] {
  return prefixes.flatMap((prefix) =>
    reserved
      .filter((path) => isWithin(prefix, path) || isWithin(path, prefix))
      .map((path) => `the prefix ${prefix} covers ${path}, which is a path of the bff-service`)
  )
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file'
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : String(part)))
    .join('.')
    .replaceAll('.[', '[')
}

function isServiceUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return ['http:', 'https:'].includes(protocol) && `${username}${password}${search}${hash}` === ''
}

function isIdentifier(text: string): boolean {
  return URL.canParse(text) && !/[\s#]/.test(text)
}
