import type { ZodType } from 'zod'
import { UsageError } from './failures.ts'

/** Validates a value by the schema of the API, so that both accept the same. @throws {UsageError} */
export function parseOption<T>(schema: ZodType<T>, value: unknown, option: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new UsageError(`${option}: ${result.error.issues[0]?.message ?? 'is not usable'}.`)
}

/** Collects an option that may be given several times. */
export function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value]
}
