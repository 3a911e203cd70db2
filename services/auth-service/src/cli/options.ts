import type { ZodType } from 'zod'
import { UsageError } from './failures.ts'

/** Judges a value from the command line by the schema of the API, so that both take the same. @throws {UsageError} */
export function parseOption<T>(schema: ZodType<T>, value: unknown, option: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new UsageError(`${option}: ${result.error.issues[0]?.message ?? 'is not usable'}.`)
}

/** Gathers an option that may be given several times. */
export function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value]
}
