import { type DestinationStream, type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** The levels that `LOG_LEVEL` knows. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

export interface LoggerOptions {
  service: string
  level: LogLevel
  /** Where lines go; standard output when absent. */
  destination?: DestinationStream
}

/**
 * A logger that writes one JSON object a line. Callers pass named fields, never a request, a body or a header bag:
 * what is logged is an allow-list by construction.
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

/** What of an error goes to the log: never its enumerable fields, which may hold queries, parameters or tokens. */
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
