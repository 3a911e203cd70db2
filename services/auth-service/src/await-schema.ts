import { setTimeout as delay } from 'node:timers/promises'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import { createManagementServer, describeError, type HttpMetrics, type Logger } from '@countersign/service-kit'

export interface SchemaWaitOptions {
  /**
   * @returns what does not fit, as a sentence; `undefined` when all does
   * @throws {TemporarilyUnavailableError} when the database cannot be reached
   */
  findFault(): Promise<string | undefined>
  readonly host: string
  readonly managementHost?: string | undefined
  readonly managementPort: number
  readonly logger: Logger
  readonly metrics: HttpMetrics
}

const intervalMs = 1000

/**
 * Waits until the database responds, and its schema fits this version. Meanwhile the service is alive and not ready, writes nothing,
 * and says in one sentence what is missing; it continues by itself, such as when `countersign migrate` is done.
 * @throws when the database refuses this service: its password is wrong, say
 */
export async function awaitSchema({ findFault, ...options }: SchemaWaitOptions): Promise<void> {
  const { logger } = options
  let fault = await findFault().catch(unreachable)
  if (fault === undefined) return
  const management = createManagementServer({
    ...options,
    host: options.managementHost ?? options.host,
    port: options.managementPort,
    healthChecks: []
  })
  await management.listen()
  try {
    while (fault !== undefined) {
      logger.warn({ management_url: management.url }, `${fault} This service is not ready; it continues by itself.`)
      fault = await nextFault(findFault, fault)
    }
  } finally {
    await management.close()
  }
  logger.info('the schema of the database fits this version now')

  function unreachable(error: unknown): string {
    if (!(error instanceof TemporarilyUnavailableError)) throw error
    logger.debug({ cause: describeError(error.cause) }, 'the database could not be queried')
    return 'The database cannot be reached, or does not respond.'
  }
}

/** Looks until something has changed. An unavailable one counts as unchanged. */
async function nextFault(findFault: SchemaWaitOptions['findFault'], fault: string): Promise<string | undefined> {
  for (;;) {
    await delay(intervalMs)
    const found = await findFault().catch(() => fault)
    if (found !== fault) return found
  }
}
