/** Where the source says what became of its requests. A pino logger fits as it is. No token or key is passed to it. */
export interface ServiceTokenLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** A logger that drops everything. */
export const silentLogger: ServiceTokenLogger = Object.freeze({ info: () => {}, warn: () => {} })
