/** Where the detail of an error goes. A pino logger fits as it is. No token is ever passed to it. */
export interface VerifierLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** A logger that drops everything. */
export const silentLogger: VerifierLogger = Object.freeze({ info: () => {}, warn: () => {} })
