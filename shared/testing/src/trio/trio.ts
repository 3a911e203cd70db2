import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findLastingPort } from '../infrastructure/lasting-port.ts'
import { childEnvironment } from '../infrastructure/test-environment.ts'
import { usedSecrets } from './api-client.ts'
import { takeTrioKeys } from './signing-keys.ts'

/** The services as real processes, for suites that speak to them over HTTP alone. */

const root = new URL('../../../../', import.meta.url)

export interface ServiceProcess {
  readonly name: string
  /** Such as `http://127.0.0.1:43210`. */
  readonly url: string
  /** Where its health and metrics are. */
  readonly managementUrl: string
  /** Everything it wrote so far. */
  logs(): string
  /** Ends it by a signal and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>
  readonly process: ChildProcess
}

export interface Trio {
  readonly auth: ServiceProcess
  readonly auths: readonly ServiceProcess[]
  readonly resource: ServiceProcess
  readonly resources: readonly ServiceProcess[]
  /** Those that `bffReplicas` asked for. `url` is where they listen; browsers go to `publicUrl`. */
  readonly bffs: readonly ServiceProcess[]
  /** The origin of the pages, which the first bff-service listens at unless the options name another. */
  readonly publicUrl: string
  readonly issuer: string
  readonly adminPassword: string
  startAuth(env?: Record<string, string>): Promise<ServiceProcess>
  startResource(env?: Record<string, string>): Promise<ServiceProcess>
  startBff(env?: Record<string, string>): Promise<ServiceProcess>
  /** Everything that all of them wrote, also the ones that have ended. */
  logs(): string
  /** Ends all of them, and fails when their logs hold a token or password that this process has used. */
  stop(): Promise<void>
}

export interface TrioOptions {
  databaseUrl: string
  /** Without it the two services share one process and an in-process denylist. */
  redisUrl: string | undefined
  authReplicas?: number
  /** Default 1. A suite that asks none starts none: a start takes seconds on a busy machine. Without Redis there is one. */
  resourceReplicas?: number
  /** Default 0. Without Redis there is at most one. */
  bffReplicas?: number
  /** Where browsers find the pages; by default the first bff-service itself. */
  publicUrl?: string
  env?: Record<string, string>
  /** How long a start may take until all are ready, in milliseconds. */
  readyWithinMs?: number
}

export const issuer = 'http://issuer.test'
export const audience = 'http://api.test'

/** Starts one auth-service and one resource-service, or more. */
export async function startTrio(options: TrioOptions): Promise<Trio> {
  const all: ServiceProcess[] = []
  const adminPassword = randomBytes(12).toString('base64url')
  const forwarderKey = randomBytes(32).toString('base64url')
  usedSecrets.add(forwarderKey)
  const keys = ownsKeys(options) ? undefined : takeTrioKeys()
  const bffPort = options.bffReplicas ? await findLastingPort() : 0
  const publicUrl = options.publicUrl ?? `http://localhost:${bffPort}`
  const env: Record<string, string> = {
    HOST: '127.0.0.1',
    PORT: '0',
    MANAGEMENT_PORT: '0',
    SHUTDOWN_DELAY_SECONDS: '0',
    ISSUER: issuer,
    API_AUDIENCE: audience,
    DATABASE_URL: options.databaseUrl,
    COUNTERSIGN_MASTER_KEY: keys?.masterKey ?? randomBytes(32).toString('base64'),
    COUNTERSIGN_ADMIN_PASSWORD: adminPassword,
    FORWARDER_KEY: forwarderKey,
    LOG_LEVEL: 'trace',
    // The clients of the suites publish their keys on loopback.
    OUTBOUND_PRIVATE_NETWORKS: 'allow',
    ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
    ...options.env
  }
  const start = async (name: string, script: string, ownEnv: Record<string, string>) => {
    const service = await startProcess(name, script, { ...env, ...ownEnv })
    all.push(service)
    return service
  }
  const startAuth = (ownEnv = {}) => start('auth-service', 'services/auth-service/bundle/main.js', ownEnv)
  const auths: ServiceProcess[] = []
  const resources: ServiceProcess[] = []
  const startResource = (ownEnv = {}) =>
    start('resource-service', 'services/resource-service/bundle/main.js', {
      JWKS_URL: `${(auths[0] as ServiceProcess).url}/.well-known/jwks.json`,
      AUTH_URL: (auths[0] as ServiceProcess).url,
      ...ownEnv
    })
  const bffs: ServiceProcess[] = []
  const startBff = (ownEnv = {}) =>
    start('bff-service', 'services/bff-service/bundle/main.js', {
      PUBLIC_URL: publicUrl,
      AUTH_URL: (auths[0] as ServiceProcess).url,
      API_URL: (resources[0] as ServiceProcess).url,
      ...ownEnv
    })
  try {
    await keys?.seed(options.databaseUrl)
    if (options.redisUrl === undefined) {
      const { auth, resource, bff } = await startEmbeddedTrio({
        ...env,
        ...(bffPort ? { BFF_SERVICE_PORT: String(bffPort) } : {})
      })
      all.push(auth)
      auths.push(auth)
      resources.push(resource)
      if (bff) bffs.push(bff)
    } else {
      auths.push(await startAuth())
      for (let i = 1; i < (options.authReplicas ?? 1); i++) auths.push(await startAuth())
      for (let i = 0; i < (options.resourceReplicas ?? 1); i++) resources.push(await startResource())
      for (let i = 0; i < (options.bffReplicas ?? 0); i++) {
        bffs.push(await startBff(i === 0 ? { PORT: String(bffPort) } : {}))
      }
      await Promise.all([...auths, ...resources, ...bffs].map((service) => untilReady(service, options.readyWithinMs)))
    }
    await keys?.keep(options.databaseUrl)
  } catch (error) {
    await Promise.all(all.map((service) => service.stop('SIGKILL')))
    throw error
  }
  return {
    auth: auths[0] as ServiceProcess,
    auths,
    resource: resources[0] as ServiceProcess,
    resources,
    bffs,
    publicUrl,
    issuer,
    adminPassword,
    startAuth,
    startResource,
    startBff,
    logs: () => all.map((service) => service.logs()).join(''),
    async stop() {
      await Promise.all(all.map((service) => service.stop()))
      keys?.release()
      const logs = all.map((service) => service.logs()).join('')
      const leaked = [...usedSecrets].filter((secret) => logs.includes(secret))
      if (leaked.length > 0)
        throw new Error(`the logs hold ${leaked.length} of the tokens and passwords that were used`)
    }
  }
}

/** Whether a suite looks after its keys itself. */
function ownsKeys({ env = {} }: TrioOptions): boolean {
  return Object.keys(env).some((name) => name === 'COUNTERSIGN_MASTER_KEY' || name.startsWith('SIGNING_KEY_'))
}

/** Waits until a service reports that it is ready. */
export async function untilReady({ managementUrl }: { managementUrl: string }, timeoutMs = 20_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const response = await fetch(`${managementUrl}/health/ready`).catch(() => undefined)
    if (response?.ok && ((await response.json()) as { status: string }).status === 'ok') return
    if (performance.now() > deadline) throw new Error(`${managementUrl} is not ready after ${timeoutMs} ms`)
    await delay(50)
  }
}

/** Starts a service, and waits until it listens. */
export async function startProcess(name: string, script: string, env: Record<string, string>): Promise<ServiceProcess> {
  const { child, logs, stop } = spawnNode(fileURLToPath(new URL(script, root)), env)
  const pattern = /"management_url":"([^"]+)","url":"([^"]+)","msg":"listening"/
  const [managementUrl, url] = await logged(name, child, logs, pattern)
  return { name, url: url as string, managementUrl: managementUrl as string, logs, stop, process: child }
}

async function startEmbeddedTrio(env: Record<string, string>) {
  const script = fileURLToPath(new URL('shared/testing/src/trio/embedded-trio.mjs', root))
  const { child, logs, stop } = spawnNode(script, env)
  const [line] = await logged('embedded trio', child, logs, /^TRIO (.*)$/m)
  const urls = JSON.parse(line as string) as Record<string, { url: string; managementUrl: string }>
  const [auth, resource, bff] = ['auth-service', 'resource-service', 'bff-service'].map((name) => {
    const found = urls[name]
    return found && { name, ...found, logs, stop, process: child }
  }) as [ServiceProcess, ServiceProcess, ServiceProcess | undefined]
  await Promise.all([untilReady(auth), untilReady(resource)])
  return { auth, resource, bff }
}

/** Starts a script of Node, with what it writes and how it is stopped; waits for nothing. */
export function spawnNode(script: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [script], {
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const chunks: string[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  return {
    child,
    logs: () => chunks.join(''),
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    }
  }
}

/** Waits for a line of a starting process; fails with its output when it ends before. */
async function logged(name: string, child: ChildProcess, logs: () => string, pattern: RegExp) {
  const deadline = performance.now() + 60_000
  for (;;) {
    const found = pattern.exec(logs())
    if (found) return found.slice(1)
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${logs()}`)
    if (performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${name} has not started in time:\n${logs()}`)
    }
    await delay(20)
  }
}
