import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** The levels that `LOG_LEVEL` knows. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

export interface LoggerOptions {
  service: string
  level: LogLevel
  /** Where lines are written; default: standard output. */
  destination?: DestinationStream
}

/**
 * A logger that writes one JSON object per line. Callers pass named fields, never a request, a body or headers: the log is an
 * allow-list by construction.
 */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError },
    formatters: { level: (label: string) => ({ level: label }) }
  }
  return destination ? pino(options, destination) : pino(options)
}

/** The parts of an error that are logged: never its enumerable fields, which may contain queries, parameters or tokens. */
export function describeError(error: unknown): { type: string; message: string; code?: string; stack?: string } {
  if (!(error instanceof Error)) return { type: typeof error, message: 'a value that is no Error was thrown' }
  const code = (error as { code?: unknown }).code
  return {
    type: error.name,
    message: error.message.slice(0, 1000),
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack.slice(0, 4000) })
  }
}
