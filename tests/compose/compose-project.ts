import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findLastingPort } from '@countersign/testing'

const run = promisify(execFile)

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A folder with an `installation.yaml`. */
export const installationFolder = fileURLToPath(new URL('installation/', import.meta.url))

/** What `docker inspect` says of a container, as far as the suite asks. */
export interface Container {
  Id: string
  Name: string
  State: { Status: string; ExitCode: number }
  Config: { Labels: Record<string, string> }
  HostConfig: {
    ReadonlyRootfs: boolean
    Memory: number
    PidsLimit: number
    CapAdd: string[] | null
    CapDrop: string[]
    SecurityOpt: string[]
  }
  Mounts: { Destination: string; RW: boolean }[]
  NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> }
}

/** The project's own docker-compose.yml, brought up under a name that nothing else has. */
export type ComposeProject = Awaited<ReturnType<typeof createComposeProject>>

/** Nothing is started yet. */
export async function createComposeProject() {
  const name = `countersign-test-${randomBytes(4).toString('hex')}`
  const env = {
    ...process.env,
    AUTH_SERVICE_PORT: String(await findLastingPort()),
    BFF_SERVICE_PORT: String(await findLastingPort()),
    INSTALLATION_FOLDER: installationFolder,
    COMPOSE_FILE: ['docker-compose.yml', 'tests/compose/more-health-checks.yml'].join(delimiter),
    // What a developer has set for an installation of their own must not reach this one.
    ...without('COMPOSE_PROFILES', 'ISSUER', 'API_AUDIENCE', 'PUBLISH_ADDRESS', 'PUBLIC_URL', 'RESOURCE_SERVICE_PORT'),
    ...without('REGISTRATION', 'TRUSTED_PROXY_HOPS', 'COUNTERSIGN_ADMIN_USERNAME', 'LOG_LEVEL')
  }

  /** `docker compose …` for this project; resolves to its standard output. */
  const compose = (...command: string[]) => composeWith('', command)

  /** The same, with something on its standard input. */
  async function composeWith(input: string, command: readonly string[]): Promise<string> {
    const project = ['compose', '--project-name', name, '--env-file', '/dev/null', '--ansi', 'never']
    const running = run('docker', [...project, ...command], { cwd: root, env, maxBuffer: 64 * 1024 * 1024 })
    running.child.stdin?.end(input)
    return (await running).stdout
  }

  /** Runs a command in a container of a service. */
  const exec = (service: string, command: readonly string[], replica = 1) =>
    compose('exec', '--no-TTY', '--index', String(replica), service, ...command)

  /** The same, with something on its standard input. */
  const execWith = (input: string, service: string, command: readonly string[]) =>
    composeWith(input, ['exec', '--no-TTY', service, ...command])

  /** Runs a script in Node where a service runs. */
  const evaluate = (service: string, script: string) => exec(service, ['node', '--input-type=module', '--eval', script])

  async function listContainers(): Promise<Container[]> {
    const ids = (await compose('ps', '--all', '--quiet')).split('\n').filter((id) => id !== '')
    if (ids.length === 0) return []
    return JSON.parse((await run('docker', ['inspect', ...ids], { maxBuffer: 16 * 1024 * 1024 })).stdout)
  }

  return {
    name,
    authUrl: `http://localhost:${env.AUTH_SERVICE_PORT}`,
    bffUrl: `http://localhost:${env.BFF_SERVICE_PORT}`,
    compose,
    composeWith,
    exec,
    execWith,
    evaluate,
    listContainers,

    /** Where each replica of the resource-service is published now: a restart may move it. */
    async resourceUrls(replicas: number): Promise<string[]> {
      const addresses = await Promise.all(
        Array.from({ length: replicas }, (_, index) =>
          compose('port', '--index', String(index + 1), 'resource-service', '4001')
        )
      )
      return addresses.map((address) => `http://${address.trim()}`)
    },

    /** Restarts one replica and waits until it says that it is ready. */
    async restartReplica(service: string, replica: number): Promise<void> {
      await run('docker', ['restart', `${name}-${service}-${replica}`])
      const isReady = `
        const { MANAGEMENT_PORT: port } = process.env
        for (let attempt = 0; attempt < 200; attempt++) {
          const response = await fetch('http://127.0.0.1:' + port + '/health/ready').catch(() => undefined)
          if (response?.ok) process.exit(0)
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
        process.exit(1)`
      await exec(service, ['node', '--input-type=module', '--eval', isReady], replica)
    },

    /** What of the project the engine still has: containers, volumes and networks. */
    async listRemains(): Promise<string[]> {
      const filter = ['--quiet', '--filter', `label=com.docker.compose.project=${name}`]
      const lists = [
        ['ps', '--all', ...filter],
        ['volume', 'ls', ...filter],
        ['network', 'ls', ...filter]
      ]
      const outputs = await Promise.all(lists.map((list) => run('docker', list)))
      return outputs.flatMap(({ stdout }) => stdout.split('\n').filter((line) => line !== ''))
    },

    /** Removes all of it, its images' names too; their layers stay in the build cache for the next run. */
    async remove(): Promise<void> {
      await compose('down', '--volumes', '--remove-orphans', '--rmi', 'local', '--timeout', '5')
    }
  }
}

function without(...names: string[]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]))
}
