import {
  createTestDatabase,
  createTestRedis,
  findLastingPort,
  readTestEnvironment,
  type TestDatabase
} from '@countersign/testing'
import { type ServiceProcess, startTrio, type Trio, untilReady } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FrontProxy, isInstalled, startHaproxy } from '../integration/fixtures/front-proxy.ts'
import { balancerConfiguration, sendBalanced, untilBalanced } from './balanced-load.ts'

const requests = readTestEnvironment().isSoak ? 20_000 : 3_000
const sessions = 8

describe.skipIf(!inject('docker') || !isInstalled('haproxy'))('a rolling restart behind HAProxy', () => {
  let database: TestDatabase
  let trio: Trio
  let proxy: FrontProxy
  const ports = { auth: 0, resource: 0, statistics: 0 }
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
    ports.statistics = await findLastingPort()
    for (const name of ['auth', 'resource'] as const) {
      for (let at = 0; at < 2; at++) {
        const [port, managementPort] = [await findLastingPort(), await findLastingPort()]
        const env = { PORT: String(port), MANAGEMENT_PORT: String(managementPort), SHUTDOWN_DELAY_SECONDS: '3' }
        replicas[name].push(await startReplica(name, env))
      }
    }
    proxy = await startHaproxy(balancerConfiguration(ports, replicas), ports.auth)
  })
  afterAll(async () => {
    await proxy?.stop()
    await trio?.stop()
    await database?.drop()
  })

  test('fails no request of clients that keep their connections, nor of clients that take one for each request', async () => {
    const kinds = [
      { closesConnections: false, requests },
      { closesConnections: true, requests: requests / 3 }
    ]
    let notYetSending = kinds.length
    let begin = () => {}
    const restarted = new Promise<void>((resolve) => {
      begin = resolve
    }).then(restart)
    const during = () => {
      notYetSending -= 1
      if (notYetSending === 0) begin()
      return restarted
    }
    const loads = await Promise.all(
      // One that fails before it sends must not keep the other sending.
      kinds.map((kind) => sendBalanced({ ports, sessions, ...kind, during }).finally(begin))
    )
    expect(loads.map(({ failures }) => failures)).toEqual([[], []])
    for (const [at, { sent }] of loads.entries()) expect(sent).toBeGreaterThanOrEqual(kinds[at]?.requests ?? Infinity)
  }, 600_000)

  async function restart(): Promise<void> {
    for (const name of ['auth', 'resource'] as const) {
      for (const [at, service] of replicas[name].entries()) {
        await service.stop('SIGTERM')
        replicas[name][at] = await startReplica(name, environments.get(service) as Record<string, string>)
        await untilBalanced(ports.statistics)
      }
    }
  }

  test('each response during a stop closes its connection, and readiness turns first', async () => {
    const [port, managementPort] = [await findLastingPort(), await findLastingPort()]
    const env = { PORT: String(port), MANAGEMENT_PORT: String(managementPort), SHUTDOWN_DELAY_SECONDS: '6' }
    const service = await startReplica('resource', env)
    const before = await fetch(`${service.url}/me`)
    const stopping = service.stop('SIGTERM')
    await expect
      .poll(async () => (await fetch(`${service.managementUrl}/health/ready`)).status, { timeout: 5_000, interval: 20 })
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
