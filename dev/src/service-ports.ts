import { StartError } from '@countersign/service-kit'
import { portVariables, type ServiceName, serviceNames } from './configuration.ts'
import { findFreePort, isPortFree, whyPortIsRefused } from './ports.ts'

/**
 * Checks all ports before anything is started, so that one message lists all that cannot be used.
 * @throws {StartError} naming each port, its variable, and a command with ports that are free
 */
export async function requireFreePorts(ports: Readonly<Record<ServiceName, number>>): Promise<void> {
  const problems: string[] = []
  const settings: string[] = []
  const mine = new Set(Object.values(ports))
  for (const service of serviceNames) {
    const refusal = await whyPortIsRefused(ports[service])
    if (refusal === undefined) continue
    const reason = refusal === 'taken' ? 'is in use by another program' : 'needs the rights of root'
    problems.push(`Port ${ports[service]} for the ${service} (${portVariables[service]}) ${reason}.`)
    const other = await findOtherPort(ports[service], mine)
    mine.add(other)
    settings.push(`${portVariables[service]}=${other}`)
  }
  if (problems.length === 0) return
  throw new StartError(
    `${problems.join('\n')}\nStop the other program, or choose another port, such as:\n  ${settings.join(' ')} npm start`
  )
}

const managementOffset = 5_000

/** The port of each service plus 5,000, so that parallel stacks have different ones; 0 (any) where that cannot be used. */
export async function chooseManagementPorts(
  ports: Readonly<Record<ServiceName, number>>
): Promise<Readonly<Record<ServiceName, number>>> {
  const own = new Set(Object.values(ports))
  const choose = async (service: ServiceName) => {
    const port = ports[service] + managementOffset
    const canBeHad = port <= 65_535 && !own.has(port) && (await isPortFree(port))
    return [service, canBeHad ? port : 0]
  }
  return Object.fromEntries(await Promise.all(serviceNames.map(choose)))
}

/** A free port that is easy to remember: the same with another ten, if it is free. */
async function findOtherPort(port: number, taken: ReadonlySet<number>): Promise<number> {
  const first = port < 1024 ? port + 4000 : port
  for (let other = first + 10; other <= Math.min(first + 200, 65_535); other += 10) {
    if (!taken.has(other) && (await isPortFree(other))) return other
  }
  return findFreePort()
}
