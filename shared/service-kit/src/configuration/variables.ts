import { z } from 'zod'
import { StartError } from '../start-error.ts'

/** One environment variable. */
export interface Variable<S extends z.ZodType = z.ZodType> {
  readonly name: string
  /** Parses the text, and `undefined` when there is a default; its errors complete the sentence "NAME must be …". */
  readonly schema: S
  /** A description in Markdown, for docs/configuration.md. */
  readonly description: string
  /** The default in Markdown, if the schema does not show it. */
  readonly defaultText?: string
  /** Whether it may also come from a file, by `NAME_FILE`. */
  readonly isSecret?: boolean
}

/** The variables of one program, by the keys of its configuration. */
export type Variables = Readonly<Record<string, Variable>>

/** The configuration made from the variables. */
export type ValuesOf<V extends Variables> = { readonly [K in keyof V]: z.output<V[K]['schema']> }

/** The process environment, or something like it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Thrown once for a whole configuration; its message names every invalid variable, and never shows a value. */
export class ConfigurationError extends StartError {
  override name = 'ConfigurationError'
  readonly code = 'ERR_CONFIGURATION'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/** One schema of a whole environment: texts by the names of the variables become a frozen configuration. */
export function environmentSchema<V extends Variables>(variables: V) {
  const entries = Object.entries(variables)
  return z.object(Object.fromEntries(entries.map(([, { name, schema }]) => [name, schema]))).transform((values) => {
    return Object.freeze(Object.fromEntries(entries.map(([key, { name }]) => [key, values[name]]))) as ValuesOf<V>
  })
}

/**
 * Validates an environment and reports all problems at once. An empty variable counts as absent.
 * @throws {ConfigurationError}
 */
export function readEnvironment<T>(env: Environment, schema: z.ZodType<T>): T {
  const given = Object.fromEntries(Object.entries(env).filter(([, text]) => text !== undefined && text !== ''))
  const { data, error } = schema.safeParse(given)
  if (error) throw new ConfigurationError(problemsOf(error, given))
  return data
}

/** Reads variables that have no rules beyond their own. */
export function readVariables<V extends Variables>(env: Environment, variables: V): ValuesOf<V> {
  return readEnvironment(env, environmentSchema(variables))
}

/** The names of the variables that may also come from a file. */
export function secretNames(variables: Variables): string[] {
  return Object.values(variables)
    .filter(({ isSecret }) => isSecret)
    .map(({ name }) => name)
}

/** The same variable, but optional. */
export function optional<S extends z.ZodType>(variable: Variable<S>): Variable<z.ZodOptional<S>> {
  return { ...variable, schema: z.optional(variable.schema) }
}

/** The first problem of each variable, and those of the whole. */
function problemsOf({ issues }: z.ZodError, given: Environment): string[] {
  const seen = new Set<string>()
  return issues.flatMap(({ path: [place], message }) => {
    if (place === undefined) return [message]
    const name = String(place)
    if (seen.has(name)) return []
    seen.add(name)
    return [given[name] === undefined ? `${name} is required: ${message}.` : `${name} must be ${message}.`]
  })
}
