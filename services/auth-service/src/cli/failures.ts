import { OAuthError, TemporarilyUnavailableError } from '@countersign/oauth'
import { StartError } from '@countersign/service-kit'

/** How a command ends, for scripts. */
export const exitCodes = { done: 0, failed: 1, invalid: 2, refused: 3, unreachable: 4 } as const

/** A wrong command line, or a value that does not fit. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  /** For people, when there is more to say than the message. */
  readonly advice: string | undefined

  constructor(message: string, advice?: string) {
    super(message)
    this.advice = advice
  }
}

/** The request does not fit the current state. Nothing was changed. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  /** For scripts: `user_not_found`, `last_admin`, … */
  readonly code: string
  /** More data for scripts, beside `error` in the document. */
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.members = members
  }
}

/** Something that the command needs is unavailable; trying again may help. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** A failure as people and scripts see it. */
export interface Failure {
  readonly exitCode: number
  readonly error: string
  readonly description: string
  readonly members?: Readonly<Record<string, unknown>>
}

/** Names a failure. Messages of the database driver are never shown as they are: they may contain secrets. */
export function toFailure(error: unknown): Failure {
  if (error instanceof UsageError) return invalid('invalid_request', error.message)
  if (error instanceof StartError) return invalid('invalid_configuration', error.message)
  if (error instanceof UnreachableError) return unreachable(error.message)
  if (error instanceof RefusedError) {
    return { exitCode: exitCodes.refused, error: error.code, description: error.message, members: error.members }
  }
  if (error instanceof OAuthError && error.status === 400) return invalid('invalid_request', error.description)
  const causes = [...causesOf(error)]
  if (error instanceof TemporarilyUnavailableError) {
    const word = causes.flatMap(({ kind, originalCode, code }) => [originalCode, kind, code]).findLast(isWord)
    return unreachable(`The database cannot be reached, or does not respond${word === undefined ? '' : ` (${word})`}.`)
  }
  return causes.map(databaseFailure).find((failure) => failure !== undefined) ?? unexpected(error)
}

interface Cause {
  readonly code?: unknown
  readonly originalCode?: unknown
  readonly kind?: unknown
  readonly message?: unknown
}

/** Prisma wraps the driver's error, which wraps the system's. */
function* causesOf(error: unknown): Generator<Cause> {
  for (let cause: unknown = error, depth = 0; cause instanceof Object && depth < 6; depth++) {
    yield cause as Cause
    const { cause: inner, meta } = cause as { cause?: unknown; meta?: { driverAdapterError?: unknown } }
    cause = inner ?? meta?.driverAdapterError
  }
}

/** A rejection by the database that an operator can fix, by its SQLSTATE. */
function databaseFailure({ code, originalCode, message }: Cause): Failure | undefined {
  switch (originalCode ?? code) {
    case '28P01':
    case '28000':
      return invalid('invalid_configuration', 'The database refuses the user or the password in DATABASE_URL.')
    case '3D000':
      return invalid('invalid_configuration', 'The database that DATABASE_URL names does not exist.')
    case '42501':
      return invalid('invalid_configuration', 'The user in DATABASE_URL may not do this in the database.')
    case 'ERR_DATABASE_NOT_MIGRATED':
      return refusal('database_not_migrated', String(message))
    case 'ERR_DATABASE_TOO_NEW':
      return refusal('database_too_new', String(message))
    case 'ERR_MIGRATION':
      return { exitCode: exitCodes.failed, error: 'migration_failed', description: String(message) }
  }
  // The driver throws this without a code, for a URL without a password.
  if (typeof message === 'string' && message.includes('client password must be a string')) {
    return invalid('invalid_configuration', 'The database requires a password, and DATABASE_URL has none.')
  }
  return undefined
}

function unexpected(error: unknown): Failure {
  const code = error instanceof Error ? ((error as { code?: unknown }).code ?? error.name) : typeof error
  return {
    exitCode: exitCodes.failed,
    error: 'server_error',
    description: `The command failed unexpectedly (${code}). DEBUG=1 shows where.`
  }
}

function invalid(error: string, description: string): Failure {
  return { exitCode: exitCodes.invalid, error, description }
}

function refusal(error: string, description: string): Failure {
  return { exitCode: exitCodes.refused, error, description }
}

function unreachable(description: string): Failure {
  return { exitCode: exitCodes.unreachable, error: 'temporarily_unavailable', description }
}

function isWord(text: unknown): text is string {
  return typeof text === 'string' && /^\w{2,40}$/.test(text)
}
