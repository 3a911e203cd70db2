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
  return pino(options, destination ?? standardOutput())
}

let output: DestinationStream | undefined

/** For all loggers of the process. */
function standardOutput(): DestinationStream {
  output ??= writeOnceATurn(pino.destination({ dest: 1, sync: true }))
  return output
}

/**
 * The lines of one turn of the event loop in one write: each write wakes the log's reader, which costs a busy machine more than the
 * line itself. A process that is killed may lose the lines of that turn.
 */
function writeOnceATurn(destination: DestinationStream): DestinationStream {
  let lines = ''
  const flush = () => {
    if (lines === '') return
    destination.write(lines)
    lines = ''
  }
  process.on('exit', flush)
  return {
    write(line) {
      if (lines === '') setImmediate(flush)
      lines += line
    }
  }
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
