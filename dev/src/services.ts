/** The trio in this process: what a container each would be given by its environment, and in-process what Redis does. */
import { randomBytes } from 'node:crypto'
import {
  createAuthService,
  createInProcessInfrastructure,
  type FirstAdmin,
  loadConfig as loadAuthConfig
} from '@countersign/auth-service'
import { createBffService, loadConfig as loadBffConfig, pagesPathOf } from '@countersign/bff-service'
import { createResourceService, loadConfig as loadResourceConfig } from '@countersign/resource-service'
import type { Environment, Service } from '@countersign/service-kit'
import { createInProcessRevocationLog } from '@countersign/verifier/in-process'
import type { ServiceName, StackConfiguration } from './configuration.ts'
import { serviceClientId } from './service-client.ts'
import { chooseManagementPorts } from './service-ports.ts'

/** The addresses under which a browser or curl reaches the services. */
export function publicUrls(ports: StackConfiguration['ports']): Readonly<Record<ServiceName, string>> {
  return {
    'auth-service': `http://localhost:${ports['auth-service']}`,
    'resource-service': `http://localhost:${ports['resource-service']}`,
    'bff-service': `http://localhost:${ports['bff-service']}`
  }
}

export interface ServiceDeps {
  readonly databaseUrl: string
  readonly masterKey: string
  /** The private key of the resource-service as a client. */
  readonly serviceClientKey: string
  /** Called when this start has made the first account: its password is known nowhere else. */
  onFirstAdmin(admin: FirstAdmin): void
  /** Called with each mail, which is shown and not sent, unless a mail server is configured. */
  onMail(mail: { readonly recipient: string; readonly subject: string }): void
  /** Called with each service as soon as it exists: from then on it must be closed. */
  onMade(name: ServiceName, service: Service): void
}

/** What a start has made, for the greeting. */
export interface MadeServices {
  /** Set when this start made the first account. */
  readonly firstAdmin: FirstAdmin | undefined
  /** Where the pages are at the bff-service. */
  readonly pagesPath: string
}

/**
 * Builds the trio over a migrated database; nothing listens yet.
 * @throws {ConfigurationError} when a setting of a service is not usable
 */
export async function createServices(
  { environment, ports }: StackConfiguration,
  { databaseUrl, masterKey, serviceClientKey, onFirstAdmin, onMail, onMade }: ServiceDeps
): Promise<MadeServices> {
  const urls = publicUrls(ports)
  const issuer = urls['auth-service']
  const apiUrl = urls['resource-service']
  const revocationLog = createInProcessRevocationLog()
  const forwarderKey = randomBytes(32).toString('base64url')
  const managementPorts = await chooseManagementPorts(ports)
  const environmentOf = (service: ServiceName): Environment => ({
    ...environment,
    HOST: '127.0.0.1',
    PORT: String(ports[service]),
    MANAGEMENT_HOST: '127.0.0.1',
    MANAGEMENT_PORT: String(managementPorts[service]),
    SHUTDOWN_DELAY_SECONDS: '0',
    LOG_LEVEL: environment.LOG_LEVEL || 'warn',
    // In development a service publishes its keys on loopback.
    OUTBOUND_PRIVATE_NETWORKS: environment.OUTBOUND_PRIVATE_NETWORKS || 'allow',
    // On loopback everybody may read the feed: your own services can follow it at once.
    REVOCATION_FEED_ACCESS: environment.REVOCATION_FEED_ACCESS || 'open',
    REDIS_URL: undefined,
    DATABASE_URL: databaseUrl,
    COUNTERSIGN_MASTER_KEY: masterKey,
    ISSUER: issuer,
    API_AUDIENCE: apiUrl,
    API_URL: apiUrl,
    JWKS_URL: `${issuer}/.well-known/jwks.json`,
    AUTH_URL: issuer,
    PUBLIC_URL: urls[service],
    MAIL_FROM: environment.MAIL_FROM || 'countersign@localhost',
    FORWARDER_KEY: forwarderKey,
    SERVICE_CLIENT_ID: serviceClientId,
    SERVICE_CLIENT_KEY: serviceClientKey
  })
  const bffConfig = loadBffConfig(environmentOf('bff-service'))
  const pagesPath = pagesPathOf(bffConfig)
  const authEnvironment = { ...environmentOf('auth-service'), PAGES_URL: urls['bff-service'] + pagesPath }
  const auth = await createAuthService(loadAuthConfig(authEnvironment), {
    infrastructure: createInProcessInfrastructure(revocationLog),
    generateAdminPassword: true,
    onMail
  })
  if (auth.firstAdmin) onFirstAdmin(auth.firstAdmin)
  onMade('auth-service', auth)
  onMade('bff-service', await createBffService(bffConfig, { keepSessionsInProcess: true }))
  // Last, since it asks for the keys at once, and all of them listen when this is done.
  const resourceConfig = loadResourceConfig(environmentOf('resource-service'))
  onMade('resource-service', await createResourceService(resourceConfig, { revocationLog }))
  return { firstAdmin: auth.firstAdmin, pagesPath }
}
