/** Three replicas of each service on Compose, behind HAProxy that repeats no request: what a restart of one after another costs. */
import { randomBytes } from 'node:crypto'
import { run, say, until } from './commands.ts'
import { type Load, startLoad } from './load.ts'
import { doMainJob } from './main-job.ts'

const ports = { auth: 30410, resource: 30411, bff: 30412 }
const addresses = {
  auth: `http://localhost:${ports.auth}`,
  resource: `http://localhost:${ports.resource}`,
  bff: `http://localhost:${ports.bff}`
}
const services = ['auth-service', 'resource-service', 'bff-service']
const replicas = 3
const requests = 20_000

/** @returns what went wrong */
export async function testCompose(perSecond: number): Promise<string[]> {
  const project = `countersign-cluster-${randomBytes(3).toString('hex')}`
  const env = {
    AUTH_SERVICE_PORT: String(ports.auth),
    RESOURCE_SERVICE_PORT: String(ports.resource),
    BFF_SERVICE_PORT: String(ports.bff)
  }
  const files = ['docker-compose.yml', 'deploy/compose/balancer.yml'].flatMap((file) => ['--file', file])
  const compose = (...args: string[]) =>
    run('docker', ['compose', '--project-name', project, '--env-file', '/dev/null', ...files, ...args], { env })
  try {
    await compose('build')
    const scales = services.flatMap((service) => ['--scale', `${service}=${replicas}`])
    await compose('up', '--wait', ...scales)
    const password = await compose('exec', '-T', 'auth-service', 'cat', '/run/countersign/issuer/admin-password')
    await doMainJob(addresses, password.trim())
    say(`${replicas} replicas of each service are up, and the main job is done`)
    const faults: string[] = []
    for (const keepsConnections of [false, true]) {
      const what = keepsConnections ? 'kept connections' : 'a connection for each refresh'
      const load = await startLoad({ authUrl: addresses.auth, perSecond, keepsConnections })
      const found = await load.faultsDuring(`restarts, ${what}`, () => restartAll(project, load))
      faults.push(...found, ...(await load.stop()).map((fault) => `${what}: ${fault}`))
    }
    return faults
  } finally {
    await compose('down', '--volumes', '--rmi', 'local', '--timeout', '5')
  }
}

/** Restarts one replica after another, each when the one before is ready, until enough was sent. */
async function restartAll(project: string, { total }: Load): Promise<void> {
  do {
    for (const service of services) {
      for (let replica = 1; replica <= replicas; replica++) {
        const container = `${project}-${service}-${replica}`
        await run('docker', ['restart', '--time', '30', container])
        await until(60, async () => {
          const status = await run('docker', ['inspect', '--format', '{{.State.Health.Status}}', container])
          if (status.trim() !== 'healthy') throw new Error(`${container} is ${status.trim()}`)
        })
        // Until the balancer has seen it.
        await new Promise((resolve) => setTimeout(resolve, 1_500))
      }
    }
  } while (total.sent < requests)
}
