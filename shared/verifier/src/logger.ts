/** Where the detail of an error goes. A pino logger fits as it is. No token is ever passed to it. */
export interface VerifierLogger {
  /** What is to be expected: a refusal, a change of keys. */
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  /** What an operator has to look at: a dependency is unavailable, or the set-up seems to be wrong. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

const repeatMilliseconds = 60_000
const maxLines = 20

/** The default logger: warnings go to the console, the same one once a minute, and twenty a minute at most. */
export function createConsoleLogger(now: () => number = () => performance.now()): VerifierLogger {
  let minute = Number.NEGATIVE_INFINITY
  const written = new Set<string>()
  return {
    info: () => {},
    warn({ reason, detail }, message) {
      if (now() - minute >= repeatMilliseconds) {
        minute = now()
        written.clear()
      }
      const line = ['countersign', message, reason ?? detail].filter((part) => typeof part === 'string').join(': ')
      if (written.has(line) || written.size >= maxLines) return
      written.add(line)
      // biome-ignore lint/suspicious/noConsole: it is what a logger of last resort writes to
      console.warn(line)
    }
  }
}

/** A logger that drops everything. */
export const silentLogger: VerifierLogger = Object.freeze({ info: () => {}, warn: () => {} })
