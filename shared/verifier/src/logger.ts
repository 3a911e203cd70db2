/** Where the detail of an error goes. A pino logger fits as it is. No token is ever passed to it. */
export interface VerifierLogger {
  /** What is to be expected: a refusal, a change of keys. */
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  /** What an operator has to look at: a dependency is away. */
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** A logger that drops everything. */
export const silentLogger: VerifierLogger = Object.freeze({ info: () => {}, warn: () => {} })
