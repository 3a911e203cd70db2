/** Where the source says what became of its requests. A pino logger fits as it is. No token or key is passed to it. */
export interface ServiceTokenLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

/** The default logger: warnings go to the console, less often the longer an outage lasts. */
export const consoleLogger: ServiceTokenLogger = {
  info: () => {},
  warn({ reason, client_id }, message) {
    // biome-ignore lint/suspicious/noConsole: it is what a logger of last resort writes to
    console.warn(`countersign: ${message} for ${client_id}: ${reason}`)
  }
}
