import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { createHttpService, createLogger, createMetrics, type Service } from '@countersign/service-kit'
import { createTestDatabase, findLastingPort, type TestDatabase } from '@countersign/testing'
import {
  createBrowserClient,
  register,
  type ServiceProcess,
  send,
  startTrio,
  type Trio
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { chooseManagementPorts } from '../../dev/src/service-ports.ts'

const operationalPaths = ['/metrics', '/health/live', '/health/ready']
const variations = ['/METRICS', '/Metrics', '/HEALTH/ready', '/health/READY', '/health', '/metrics/', '/health/live/']

describe('the management port', () => {
  let database: TestDatabase
  let trio: Trio
  let services: readonly ServiceProcess[]

  beforeAll(async () => {
    database = await createTestDatabase()
    trio = await startTrio({ databaseUrl: database.url, redisUrl: undefined, bffReplicas: 1 })
    services = [trio.auth, trio.resource, ...trio.bffs]
  })
  afterAll(async () => {
    await trio?.stop()
    await database?.drop()
  })

  test('has health and metrics of each service, for which the public port responds with 404', async () => {
    for (const { name, url, managementUrl } of services) {
      for (const path of operationalPaths) {
        expect({ name, path, status: (await send(`${managementUrl}${path}`, {})).status }).toEqual({
          name,
          path,
          status: 200
        })
      }
      for (const path of [...operationalPaths, ...variations]) {
        const { status } = await send(`${url}${path}`, {})
        expect({ name, path, status }).toEqual({ name, path, status: 404 })
      }
    }
  })

  test('says which version runs', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    for (const { name, managementUrl } of services) {
      const { body } = await send<string>(`${managementUrl}/metrics`, {})
      expect(body).toContain(
        `countersign_build_info{version="${version}",node="${process.versions.node}",service="${name}"} 1`
      )
    }
  })

  test("a signed-in browser does not reach the API's metrics and health through the proxy", async () => {
    const browser = createBrowserClient(trio.publicUrl)
    await browser.signIn(await register(trio.auth.url))
    for (const prefix of ['/api', '/account']) {
      for (const path of [...operationalPaths, ...variations]) {
        expect((await browser.send('GET', prefix + path)).status).toBe(404)
      }
    }
  })

  test.each(['/AUTH/me', '/auth/ME', '/.WELL-KNOWN/jwks.json', '/OAuth/token', '/Admin/users'])(
    '%s is 404 at the auth-service: paths are case-sensitive',
    async (path) => expect((await send(`${trio.auth.url}${path}`, {})).status).toBe(404)
  )

  test.each(['/ME', '/Public', '/admin/Dashboard'])('%s is 404 at the resource-service', async (path) => {
    expect((await send(`${trio.resource.url}${path}`, {})).status).toBe(404)
  })

  test.each(['/API/me', '/Account/auth/me', '/BFF/session', '/account/AUTH/me'])(
    '%s is 404 at the bff-service',
    async (path) => {
      const browser = createBrowserClient(trio.publicUrl)
      await browser.signIn(await register(trio.auth.url))
      expect((await browser.send('GET', path)).status).toBe(404)
    }
  )

  test('accepts only GET and HEAD, and returns errors in the common format', async () => {
    const { managementUrl } = trio.auth
    expect((await fetch(`${managementUrl}/metrics`, { method: 'HEAD' })).status).toBe(200)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await send(`${managementUrl}/health/ready`, { method })
      expect(response).toMatchObject({ status: 405, body: { error: 'method_not_allowed' } })
      expect(response.headers.get('Allow')).toBe('HEAD, GET')
    }
    for (const path of ['/', '/METRICS', '/auth/me', '/metrics/x']) {
      expect(await send(`${managementUrl}${path}`, {})).toMatchObject({ status: 404, body: { error: 'not_found' } })
    }
  })
})

describe('npm start', () => {
  test('puts health and metrics at the port of each service plus 5,000, or at any free one', async () => {
    const [free, taken] = [await findLastingPort(), createServer().listen(0, '127.0.0.1')]
    await once(taken, 'listening')
    onTestFinished(() => void taken.close())
    const ports = {
      'auth-service': free - 5_000,
      'resource-service': (taken.address() as AddressInfo).port - 5_000,
      'bff-service': 65_000
    }
    expect(await chooseManagementPorts(ports)).toEqual({
      'auth-service': free,
      'resource-service': 0,
      'bff-service': 0
    })
  })
})

describe('a service with a management port', () => {
  async function start(options: Partial<Parameters<typeof createHttpService>[0]> = {}): Promise<Service> {
    const service = createHttpService({
      host: '127.0.0.1',
      port: 0,
      managementPort: 0,
      shutdownDelaySeconds: 0,
      trustedProxyHops: 0,
      logger: createLogger({ service: 'test', level: 'silent' }),
      metrics: createMetrics('test'),
      healthChecks: [],
      addRoutes: () => {},
      closeStores: [],
      ...options
    })
    onTestFinished(() => service.close())
    await service.listen()
    return service
  }

  async function takenPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test('is alive and not ready while it drains, and closes the management port last', async () => {
    let finish: (() => void) | undefined
    let isStoreClosed = false
    const service = await start({
      addRoutes: (router) =>
        router.get('/slow', async (ctx) => {
          await new Promise<void>((resolve) => {
            finish = resolve
          })
          ctx.status = 204
        }),
      closeStores: [
        async () => {
          expect((await send(`${service.managementUrl}/health/live`, {})).status).toBe(200)
          isStoreClosed = true
        }
      ]
    })
    expect(await send(`${service.managementUrl}/health/ready`, {})).toMatchObject({
      status: 200,
      body: { status: 'ok' }
    })
    const slow = request(`${service.url}/slow`).end()
    const response = once(slow, 'response')
    await expect.poll(() => finish).toBeDefined()
    const closed = service.close()
    expect(await send(`${service.managementUrl}/health/ready`, {})).toMatchObject({
      status: 503,
      body: { status: 'stopping' }
    })
    expect((await send(`${service.managementUrl}/health/live`, {})).status).toBe(200)
    await expect(fetch(`${service.url}/slow`)).rejects.toThrow()
    finish?.()
    await response
    await closed
    expect(isStoreClosed).toBe(true)
    await expect(fetch(`${service.managementUrl}/health/live`)).rejects.toThrow()
  })

  test('does not start on a port that is taken, and names the variable', async () => {
    const port = await takenPort()
    await expect(start({ managementPort: port })).rejects.toThrow(`Port ${port} (MANAGEMENT_PORT) is already in use.`)
    await expect(start({ port })).rejects.toThrow(`Port ${port} (PORT) is already in use.`)
    await expect(start({ port: 4000, managementPort: 4000 })).rejects.toThrow('PORT and MANAGEMENT_PORT must differ')
  })

  test('does not start on an address that the machine does not have, and names the variable', async () => {
    await expect(start({ managementHost: '192.0.2.1' })).rejects.toThrow(
      '192.0.2.1 (MANAGEMENT_HOST) is not an address'
    )
  })
})
