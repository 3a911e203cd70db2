import { audiencePattern, audienceRule } from '@countersign/oauth'
import { Secret } from './secret.ts'

/** One environment variable: its name, what it expects, and how its text becomes a value. */
export interface Variable<T> {
  readonly name: string
  /** Completes the sentence "NAME must be …". */
  readonly expects: string
  /** The value when the variable is absent; without this member it is required. */
  readonly fallback?: { readonly value: T }
  /** @returns `undefined` when the text is not what is expected */
  parse(text: string): T | undefined
}

/** The process environment, or something like it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A start that cannot go on, with a message that tells the operator what to do; it is shown as it is, without a stack. */
export class StartError extends Error {}

/** Thrown once for a whole configuration; its message names every variable that is wrong, and never shows a value. */
export class ConfigurationError extends StartError {
  readonly code = 'ERR_CONFIGURATION'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigurationError'
    this.problems = problems
  }
}

type Values<S extends Record<string, Variable<unknown>>> = {
  readonly [K in keyof S]: S[K] extends Variable<infer T> ? T : never
}

/**
 * Reads every variable of a shape and reports all problems at once. An empty variable counts as absent.
 * @throws {ConfigurationError}
 */
export function readVariables<S extends Record<string, Variable<unknown>>>(env: Environment, shape: S): Values<S> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, variable] of Object.entries(shape)) {
    const text = env[variable.name]
    if (text === undefined || text === '') {
      if (variable.fallback) values[key] = variable.fallback.value
      else problems.push(`${variable.name} is required: ${variable.expects}.`)
      continue
    }
    const value = variable.parse(text)
    if (value === undefined) problems.push(`${variable.name} must be ${variable.expects}.`)
    else values[key] = value
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
  return Object.freeze(values) as Values<S>
}

/** A whole number within bounds. */
export function integerVariable(
  name: string,
  options: { fallback?: number; min: number; max: number; unit?: string }
): Variable<number> {
  const unit = options.unit === undefined ? '' : ` of ${options.unit}`
  return {
    name,
    expects: `a whole number${unit} from ${options.min} to ${options.max}`,
    ...fallbackTo(options.fallback),
    parse(text) {
      if (!/^\d{1,15}$/.test(text)) return undefined
      const value = Number(text)
      return value >= options.min && value <= options.max ? value : undefined
    }
  }
}

/** A number within bounds, in decimal notation. */
export function numberVariable(
  name: string,
  options: { fallback?: number; min: number; max: number; unit: string }
): Variable<number> {
  return {
    name,
    expects: `a number of ${options.unit} from ${options.min.toFixed(5).replace(/\.?0+$/, '')} to ${options.max}`,
    ...fallbackTo(options.fallback),
    parse(text) {
      if (!/^\d{1,15}(?:\.\d{1,15})?$/.test(text)) return undefined
      const value = Number(text)
      return value >= options.min && value <= options.max ? value : undefined
    }
  }
}

/** A text of 1 to `maxLength` characters. */
export function textVariable(
  name: string,
  options: { fallback?: string; expects: string; maxLength?: number }
): Variable<string> {
  return {
    name,
    expects: options.expects,
    ...fallbackTo(options.fallback),
    parse: (text) => (text.length <= (options.maxLength ?? 1024) ? text : undefined)
  }
}

/** One of a few words. */
export function choiceVariable<const T extends string>(
  name: string,
  options: { fallback?: T; choices: readonly T[] }
): Variable<T> {
  return {
    name,
    expects: `one of ${options.choices.join(', ')}`,
    ...fallbackTo(options.fallback),
    parse: (text) => options.choices.find((choice) => choice === text)
  }
}

/** Where a service is: an absolute `http` or `https` URL without user, query and fragment. A slash at its end is dropped. */
export function urlVariable(name: string, options: { fallback?: string } = {}): Variable<string> {
  const { parse, ...rest } = issuerVariable(name, options)
  return { ...rest, parse: (text) => parse(text)?.replace(/\/$/, '') }
}

/** The identifier of an issuer (RFC 8414 §2): such a URL as it was written, since it is compared letter by letter. */
export function issuerVariable(name: string, options: { fallback?: string } = {}): Variable<string> {
  return {
    name,
    expects:
      'an absolute http or https URL of at most 512 characters, without user, query or fragment, such as https://auth.example.com',
    ...fallbackTo(options.fallback),
    parse(text) {
      if (text.length > 512 || /\s/.test(text) || !URL.canParse(text)) return undefined
      const { protocol, username, password, search, hash } = new URL(text)
      const isFit = ['http:', 'https:'].includes(protocol) && !username && !password && !search && !hash
      return isFit ? text : undefined
    }
  }
}

/** What names an API in tokens, as it was written. */
export function audienceVariable(name: string): Variable<string> {
  return {
    name,
    expects: `${audienceRule}, such as https://api.example.com or my-api`,
    parse: (text) => (audiencePattern.test(text) ? text : undefined)
  }
}

/** A connection URL that may hold a password, with one of the given schemes. */
export function connectionVariable(
  name: string,
  options: { schemes: readonly string[]; example: string }
): Variable<Secret> {
  return {
    name,
    expects: `a URL such as ${options.example}`,
    parse: (text) =>
      URL.canParse(text) && options.schemes.includes(new URL(text).protocol.slice(0, -1)) ? new Secret(text) : undefined
  }
}

/** A secret that two services share: 32 characters or more, and nothing that a header cannot hold. */
export function sharedKeyVariable(name: string): Variable<Secret> {
  return {
    name,
    expects: '32 to 256 visible ASCII characters, such as openssl rand -base64 32 makes',
    parse: (text) => (/^[\x21-\x7e]{32,256}$/.test(text) ? new Secret(text) : undefined)
  }
}

/** The same variable, allowed to be absent. */
export function optional<T>(variable: Variable<T>): Variable<T | undefined> {
  return { ...variable, fallback: { value: undefined } }
}

function fallbackTo<T>(value: T | undefined): { fallback?: { value: T } } {
  return value === undefined ? {} : { fallback: { value } }
}
