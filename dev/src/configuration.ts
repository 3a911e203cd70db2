import { resolve } from 'node:path'
import { ConfigurationError, type Environment, readVariables, shortText, wholeNumber } from '@countersign/service-kit'

/** The three services, in the order in which they start. */
export const serviceNames = ['auth-service', 'resource-service', 'bff-service'] as const
export type ServiceName = (typeof serviceNames)[number]

/** The variable that sets the port of each service. */
export const portVariables: Readonly<Record<ServiceName, string>> = Object.freeze({
  'auth-service': 'AUTH_SERVICE_PORT',
  'resource-service': 'RESOURCE_SERVICE_PORT',
  'bff-service': 'BFF_SERVICE_PORT'
})

/** The settings of the embedded stack. */
export interface StackConfiguration {
  readonly ports: Readonly<Record<ServiceName, number>>
  /** The absolute path of the folder with all data. */
  readonly dataDir: string
  /** The environment that the services read the rest of their settings from. */
  readonly environment: Environment
}

/**
 * Reads the configuration of the embedded stack. Pure: it takes the environment and returns a frozen object.
 * @throws {ConfigurationError} that lists every problem
 */
export function loadConfiguration(
  environment: Environment,
  { projectRoot, workingDirectory }: { projectRoot: string; workingDirectory: string }
): StackConfiguration {
  const variables = readVariables(environment, {
    'auth-service': portVariable('auth-service', 4000),
    'resource-service': portVariable('resource-service', 4001),
    'bff-service': portVariable('bff-service', 4002),
    dataDir: {
      name: 'COUNTERSIGN_DATA_DIR',
      schema: shortText('the path of a folder').default(resolve(projectRoot, '.countersign')),
      description: 'where data lasts'
    }
  })
  const { dataDir, ...ports } = variables
  requireDifferentPorts(ports)
  return Object.freeze({
    ports: Object.freeze(ports),
    dataDir: resolve(workingDirectory, dataDir),
    environment
  })
}

function portVariable(service: ServiceName, fallback: number) {
  return {
    name: portVariables[service],
    schema: wholeNumber({ min: 1, max: 65_535 }).default(fallback),
    description: `port of the ${service} on loopback`
  }
}

function requireDifferentPorts(ports: Readonly<Record<ServiceName, number>>): void {
  const problems: string[] = []
  for (const [index, service] of serviceNames.entries()) {
    const other = serviceNames.slice(0, index).find((earlier) => ports[earlier] === ports[service])
    if (other === undefined) continue
    problems.push(`${portVariables[service]} must differ from ${portVariables[other]}; both are ${ports[service]}.`)
  }
  if (problems.length > 0) throw new ConfigurationError(problems)
}
