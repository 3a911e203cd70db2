/** The embedded stack from start to stop: everything that was started is stopped again, in reverse order. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FirstAdmin } from '@countersign/auth-service'
import { migrate } from '@countersign/prisma'
import { type Service, StartError } from '@countersign/service-kit'
import type { ServiceName, StackConfiguration } from './configuration.ts'
import { type DataFolder, database, openDataFolder } from './data-folder.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { describeFirstAdmin, greeting } from './greeting.ts'
import { registerServiceClient } from './service-client.ts'
import { requireFreePorts } from './service-ports.ts'
import { createServices, publicUrls } from './services.ts'

const readyWithinMs = 30_000

/** What stops the stack. */
export interface StopSignals {
  readonly stop: AbortSignal
  /** Running requests are no longer waited for. */
  readonly hurry: AbortSignal
}

type Closer = readonly [what: string, close: () => Promise<void>]

/**
 * Runs the stack until something stops it.
 * @throws {StartError} when it cannot start, or when its database ends by itself; everything is stopped by then
 */
export async function runStack(
  configuration: StackConfiguration,
  print: (line: string) => void,
  { stop, hurry }: StopSignals
): Promise<void> {
  const closers: Closer[] = []
  let unannounced: FirstAdmin | undefined
  try {
    const folder = await openDataFolder(configuration.dataDir, print)
    closers.push(['the data folder', folder.release])
    await requireFreePorts(configuration.ports)
    const postgres = await startDatabase(folder, print, closers)
    if (stop.aborted) return
    const serviceClientKey = await prepareServiceClient(configuration, folder, postgres.url(database), print)
    const services = new Map<ServiceName, Service>()
    const { firstAdmin, pagesPath } = await createServices(configuration, {
      databaseUrl: postgres.url(database),
      masterKey: folder.masterKey,
      serviceClientKey,
      onFirstAdmin(admin) {
        unannounced = admin
      },
      onMail({ recipient, subject }) {
        print(
          `Mail to ${recipient}, not sent: ${subject} (${publicUrls(configuration.ports)['auth-service']}/dev/mail)`
        )
      },
      onMade(name, service) {
        services.set(name, service)
        closers.push([`the ${name}`, () => service.close()])
      }
    })
    await startServices(services, stop)
    if (stop.aborted) return
    print(greeting({ ...factsOf(configuration), seconds: performance.now() / 1000, firstAdmin, pagesPath }))
    unannounced = undefined
    await Promise.race([aborted(stop), failOnEnd(postgres)])
    print('Stopping …')
  } finally {
    // The account outlives a failed start, and its password is not stored.
    if (unannounced) print(describeFirstAdmin(unannounced))
    await closeAll(closers, print, hurry)
  }
}

function prepareServiceClient(
  { ports }: StackConfiguration,
  { secretsDir }: DataFolder,
  databaseUrl: string,
  print: (line: string) => void
): Promise<string> {
  const urls = publicUrls(ports)
  const [issuer, apiUrl] = [urls['auth-service'], urls['resource-service']]
  return registerServiceClient({ secretsDir, databaseUrl, issuer, apiUrl, onNote: print })
}

function factsOf({ ports, dataDir, environment }: StackConfiguration) {
  return {
    urls: publicUrls(ports),
    dataDir,
    isRegistrationOpen: environment.REGISTRATION !== 'closed',
    showsMail: !environment.SMTP_URL
  }
}

async function startDatabase(
  folder: DataFolder,
  print: (line: string) => void,
  closers: Closer[]
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir: folder.postgresDir, database, onProgress: print })
  closers.push(['the database', () => postgres.stop()])
  await migrate(postgres.url(database))
  return postgres
}

async function startServices(services: ReadonlyMap<ServiceName, Service>, stop: AbortSignal): Promise<void> {
  for (const service of services.values()) await service.listen()
  await Promise.all([...services].map(([name, service]) => waitUntilReady(name, service, stop)))
}

async function waitUntilReady(name: string, service: Service, stop: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyWithinMs
  for (let last = 'no response'; !stop.aborted; await delay(10)) {
    try {
      const response = await fetch(`${service.managementUrl}/health/ready`, { signal: AbortSignal.timeout(5_000) })
      last = `${response.status} ${await response.text()}`
      if (response.ok) return
    } catch (error) {
      last = String(error instanceof Error ? (error.cause ?? error) : error)
    }
    if (Date.now() > deadline) {
      throw new StartError(`The ${name} is not ready after ${readyWithinMs / 1000} s; /health/ready says: ${last}`)
    }
  }
}

async function failOnEnd(postgres: EmbeddedPostgres): Promise<never> {
  await postgres.ended
  throw new StartError('The database has ended by itself, so everything was stopped. Its log is in the data folder.')
}

/** The last one started is stopped first; if one fails, the others are still stopped. */
async function closeAll(closers: readonly Closer[], print: (line: string) => void, hurry: AbortSignal): Promise<void> {
  for (const [what, close] of closers.toReversed()) {
    try {
      const closing = close()
      await (what.endsWith('-service') ? Promise.race([closing, aborted(hurry)]) : closing)
    } catch (error) {
      print(`Stopping ${what} failed: ${error instanceof Error ? error.message : error}`)
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
