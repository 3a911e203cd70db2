import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createTestDatabase,
  createTestRedis,
  findLastingPort,
  readTestEnvironment,
  type TestDatabase
} from '@countersign/testing'
import {
  register,
  type ServiceProcess,
  signIn,
  startTrio,
  type Trio,
  untilReady,
  usedSecrets
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FrontProxy, isInstalled, startHaproxy } from '../integration/fixtures/front-proxy.ts'

const requests = readTestEnvironment().isSoak ? 20_000 : 3_000
const sessions = 8

/** A simple load balancer: it checks readiness twice a second, and does not repeat requests. */
const haproxy = (
  ports: Record<'auth' | 'resource', number>,
  replicas: Record<'auth' | 'resource', ServiceProcess[]>
) => `
  defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 0
    option httpchk GET /health/ready
    timeout check 2s
    default-server inter 500ms fall 2 rise 1
  ${(['auth', 'resource'] as const)
    .map(
      (name) => `
  listen ${name}
    bind 127.0.0.1:${ports[name]}
    ${replicas[name]
      .map(
        ({ url, managementUrl }, at) =>
          `server ${name}${at} ${new URL(url).host} check port ${new URL(managementUrl).port}`
      )
      .join('\n    ')}`
    )
    .join('\n')}
`

describe.skipIf(!inject('docker') || !isInstalled('haproxy'))('a rolling restart behind HAProxy', () => {
  let database: TestDatabase
  let trio: Trio
  let proxy: FrontProxy
  const ports = { auth: 0, resource: 0 }
  const replicas: Record<'auth' | 'resource', ServiceProcess[]> = { auth: [], resource: [] }
  /** A restarted replica listens at the same address. */
  const environments = new Map<ServiceProcess, Record<string, string>>()

  const startReplica = async (name: 'auth' | 'resource', env: Record<string, string>) => {
    const service = await (name === 'auth' ? trio.startAuth(env) : trio.startResource(env))
    environments.set(service, env)
    await untilReady(service)
    return service
  }

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: await createTestRedis() })
    ports.auth = await findLastingPort()
    ports.resource = await findLastingPort()
    for (const name of ['auth', 'resource'] as const) {
      for (let at = 0; at < 2; at++) {
        const [port, managementPort] = [await findLastingPort(), await findLastingPort()]
        const env = { PORT: String(port), MANAGEMENT_PORT: String(managementPort), SHUTDOWN_DELAY_SECONDS: '3' }
        replicas[name].push(await startReplica(name, env))
      }
    }
    proxy = await startHaproxy(haproxy(ports, replicas), ports.auth)
  })
  afterAll(async () => {
    await proxy?.stop()
    await trio?.stop()
    await database?.drop()
  })

  test('fails no request of clients that keep their connections', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: sessions })
    const users = await Promise.all(Array.from({ length: sessions }, () => register(trio.auth.url)))
    const failures: string[] = []
    let sent = 0
    let isRestarted = false

    // One after another: their hashing is no part of the load.
    const signedIn: Awaited<ReturnType<typeof signIn>>[] = []
    for (const user of users) signedIn.push(await signIn(trio.auth.url, user))
    const load = async ({ access_token, refresh_token }: (typeof signedIn)[number]) => {
      while (sent < requests || !isRestarted) {
        sent += 4
        for (let i = 0; i < 3; i++) {
          const me = await send(agent, ports.resource, { method: 'GET', path: '/me', token: access_token })
          if (me.status !== 200) failures.push(`/me ${me.status} ${me.body}`)
        }
        const refreshed = await send(agent, ports.auth, {
          method: 'POST',
          path: '/auth/refresh',
          body: JSON.stringify({ refresh_token })
        })
        if (refreshed.status !== 200) {
          failures.push(`refresh ${refreshed.status} ${refreshed.body}`)
          return
        }
        ;({ access_token, refresh_token } = JSON.parse(refreshed.body))
        usedSecrets.add(access_token).add(refresh_token)
        await delay(100)
      }
    }
    const restart = async () => {
      for (const name of ['auth', 'resource'] as const) {
        for (const [at, service] of replicas[name].entries()) {
          await service.stop('SIGTERM')
          replicas[name][at] = await startReplica(name, environments.get(service) as Record<string, string>)
          await delay(1_500) // HAProxy sees it
        }
      }
      isRestarted = true
    }
    await Promise.all([restart(), ...signedIn.map(load)])
    agent.destroy()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThanOrEqual(requests)
  }, 600_000)

  test('each answer during a stop closes its connection, and readiness turns first', async () => {
    const [port, managementPort] = [await findLastingPort(), await findLastingPort()]
    const env = { PORT: String(port), MANAGEMENT_PORT: String(managementPort), SHUTDOWN_DELAY_SECONDS: '2' }
    const service = await startReplica('resource', env)
    const before = await fetch(`${service.url}/me`)
    const stopping = service.stop('SIGTERM')
    await expect
      .poll(async () => (await fetch(`${service.managementUrl}/health/ready`)).status, { timeout: 1_500, interval: 20 })
      .toBe(503)
    const during = await fetch(`${service.url}/me`)
    expect([before, during].map(({ status, headers }) => [status, headers.get('connection')])).toEqual([
      [401, 'keep-alive'],
      [401, 'close']
    ])
    await stopping
    await expect(fetch(`${service.url}/me`)).rejects.toThrow()
  })
})

interface Sent {
  readonly method: string
  readonly path: string
  readonly token?: string
  readonly body?: string
}

/** A connection error counts as status 0. */
function send(
  agent: Agent,
  port: number,
  { method, path, token, body }: Sent
): Promise<{ status: number; body: string }> {
  return new Promise((resolve) => {
    const headers = {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
    }
    const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk) => {
        text += chunk
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }))
      incoming.on('error', (error) => resolve({ status: 0, body: error.message }))
    })
    outgoing.on('error', (error) => resolve({ status: 0, body: error.message }))
    outgoing.end(body)
  })
}
