import { OAuthError } from '@countersign/oauth'
import type { Service } from './http-service.ts'
import { describeError } from './logger.ts'
import { showSourcesInStackTraces } from './stack-traces.ts'
import { StartError } from './start-error.ts'

/**
 * Runs a service until a signal ends it: the whole body of a `main.ts`. A failed start prints why on standard error and exits
 * with 1; an uncaught fault ends the process, since its state can no longer be trusted.
 */
export async function runService(create: () => Promise<Service>): Promise<void> {
  showSourcesInStackTraces()
  process.on('unhandledRejection', crash)
  process.on('uncaughtException', crash)
  // A process without a parent is not ended by signals that it does not handle. Until it listens nothing is under way.
  const endEarly = () => process.exit(0)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, endEarly)
  try {
    const service = await create()
    await service.listen()
    const hurry = new AbortController()
    let stopping: Promise<void> | undefined
    const stop = (signal: NodeJS.Signals) => {
      // A person at a terminal, or a second signal, does not wait for load balancers.
      if (stopping || signal === 'SIGINT') hurry.abort()
      stopping ??= service.close(hurry.signal).then(() => process.exit(0), crash)
    }
    // In this order: a signal that arrives while nobody listens is lost, even if somebody does in the same turn.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop).off(signal, endEarly)
  } catch (error) {
    if (error instanceof StartError) process.stderr.write(`${error.message}\n`)
    else reportFatal(error)
    process.exit(1)
  }
}

function crash(error: unknown): void {
  reportFatal(error)
  process.exit(1)
}

function reportFatal(error: unknown): void {
  const detail = error instanceof OAuthError ? { detail: error.detail, reason: describeError(error.cause) } : {}
  process.stderr.write(`${JSON.stringify({ level: 'fatal', cause: describeError(error), ...detail })}\n`)
}
