import { InvalidRequestError, type ValidationIssue } from '@countersign/oauth'
import type { z } from 'zod'

const issueLimit = 10
const issueTextLimit = 200

/**
 * Parses a value by a schema.
 * @throws {InvalidRequestError} with the first issues, each of bounded length
 */
export function parseWith(schema: z.ZodType, value: unknown, description: string): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issues: ValidationIssue[] = result.error.issues.slice(0, issueLimit).map(({ path, message }) => ({
    path: path.join('.').slice(0, issueTextLimit),
    message: message.slice(0, issueTextLimit)
  }))
  throw new InvalidRequestError({ description, issues })
}
