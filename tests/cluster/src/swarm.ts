/** The stack on Docker Swarm, with one node: what a rolling update and a rollback cost. */
import { expectThat, run, say, until } from './commands.ts'
import { imageRepository, versions } from './images.ts'
import { startLoad } from './load.ts'
import { doMainJob } from './main-job.ts'

const stack = 'countersign-cluster'
const ports = { auth: 30420, resource: 30421, bff: 30422 }
const addresses = {
  auth: `http://localhost:${ports.auth}`,
  resource: `http://localhost:${ports.resource}`,
  bff: `http://localhost:${ports.bff}`
}
const services = ['auth-service', 'resource-service', 'bff-service'].map((name) => `${stack}_${name}`)
const docker = (...args: string[]) => run('docker', args)

/** @returns what went wrong */
export async function testSwarm(perSecond: number): Promise<string[]> {
  const state = await docker('info', '--format', '{{.Swarm.LocalNodeState}}')
  expectThat(state.trim() === 'inactive', 'this Docker engine is in no swarm')
  // Addresses that the default networks of Docker do not use.
  const pool = ['--default-addr-pool', '10.199.0.0/16']
  await docker('swarm', 'init', '--advertise-addr', '127.0.0.1', '--listen-addr', '127.0.0.1:2377', ...pool)
  try {
    return await testStack(perSecond)
  } finally {
    await docker('stack', 'rm', stack).catch(() => '')
    await until(120, async () => {
      const left = await docker('ps', '--quiet', '--filter', `label=com.docker.stack.namespace=${stack}`)
      expectThat(left.trim() === '', 'the containers of the stack are gone')
    })
    await docker('swarm', 'leave', '--force')
    await docker('volume', 'rm', `${stack}_postgres-data`, `${stack}_redis-data`).catch(() => '')
  }
}

async function testStack(perSecond: number): Promise<string[]> {
  const faults: string[] = []
  const env = {
    REPOSITORY: imageRepository,
    AUTH_SERVICE_PORT: String(ports.auth),
    RESOURCE_SERVICE_PORT: String(ports.resource),
    BFF_SERVICE_PORT: String(ports.bff),
    ISSUER: addresses.auth,
    PUBLIC_URL: addresses.bff,
    MAIL_FROM: 'no-reply@example.com'
  }
  const deploy = async (version: string, files = ['stack.yml', 'mail.yml']) => {
    const composeFiles = files.flatMap((file) => ['--compose-file', `deploy/swarm/${file}`])
    await run('docker', ['stack', 'deploy', '--resolve-image', 'never', ...composeFiles, stack], {
      env: { ...env, TAG: version }
    })
  }
  /** How the update of each service ended. */
  const updateStates = async () => {
    const format = '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}'
    const states = await docker('service', 'inspect', '--format', format, ...services)
    return states.trim().split('\n')
  }
  const untilUpdated = (state: string, count: number) =>
    until(240, async () => {
      const states = await updateStates()
      expectThat(states.filter((one) => one === state).length >= count, `${state} came of the update (${states})`)
      expectThat(!states.some((one) => /^(updating|rollback_started)$/.test(one)), 'no update is under way')
    })

  await docker('node', 'update', '--label-add', 'countersign.data=true', (await docker('node', 'ls', '--quiet')).trim())
  await run('deploy/swarm/make-secrets.sh', [`${imageRepository}/secrets:${versions.last}`])
  await deploy(versions.last, ['stack.yml'])
  await until(180, async () => expectThat((await fetch(`${addresses.bff}/`)).status === 200, 'the pages are served'))
  const password = await until(120, async () => {
    const filters = ['--filter', 'health=healthy', '--filter', `label=com.docker.swarm.service.name=${services[0]}`]
    const [container = ''] = (await docker('ps', '--quiet', ...filters)).split('\n')
    return docker('exec', container, 'cat', '/run/secrets/admin-password')
  })
  await doMainJob(addresses, password.trim())
  say('docker stack deploy: the main job is done')

  await run('sh', ['-c', 'printf %s smtp://127.0.0.1:2525 | docker secret create countersign-smtp-url -'])
  const load = await startLoad({ authUrl: addresses.auth, perSecond })
  const harmless = async (what: string, act: () => Promise<void>) => {
    faults.push(...(await load.faultsDuring(what, act)))
  }
  await harmless('rolling update', async () => {
    await deploy(versions.current)
    await untilUpdated('completed', services.length)
  })
  await harmless('rollback', async () => {
    for (const service of services) await docker('service', 'rollback', '--detach', service)
    await untilUpdated('rollback_completed', services.length)
  })
  await harmless('a version that ends at its start is taken back', async () => {
    await deploy(versions.broken)
    await untilUpdated('rollback_completed', services.length)
  })
  faults.push(...(await load.stop()))
  return faults
}
