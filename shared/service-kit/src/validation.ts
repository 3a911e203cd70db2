import { InvalidRequestError, type ValidationIssue } from '@countersign/oauth'
import type { z } from 'zod'

const issueLimit = 10
const issueTextLimit = 200
/** How many fields the description names. */
const namedFields = 3

/**
 * Parses a value by a schema.
 * @throws {InvalidRequestError} which names the first invalid fields, with the first issues, each of bounded length
 */
export function parseWith(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalidFields(
    result.error.issues.slice(0, issueLimit).map(({ path, message }) => ({
      path: path.join('.').slice(0, issueTextLimit),
      message: message.slice(0, issueTextLimit)
    }))
  )
}

/** The error for invalid fields. Its description names them in a sentence; `issues` has each with its path. */
export function invalidFields(issues: readonly ValidationIssue[]): InvalidRequestError {
  const fields = [...new Set(issues.map(describe))].filter((text) => text !== undefined).slice(0, namedFields)
  const description =
    fields.length > 0
      ? `The request has invalid fields: ${fields.join('; ')}.`
      : 'The request has fields that this route does not accept; see issues.'
  return new InvalidRequestError({ description, issues })
}

/** Only names of word characters, and messages of this project: the rest of the input stays in the issues. */
function describe({ path, message }: ValidationIssue): string | undefined {
  if (!/^\w{1,64}(?:\.\w{1,64})*$/.test(path)) return undefined
  const field = path.replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]')
  return /^must [^"\\]*$/.test(message) ? `${field} ${message}` : field
}
