import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { migrate } from '@countersign/prisma'
import {
  createEmptyTestDatabase,
  createTestRedis,
  findLastingPort,
  readTestEnvironment,
  type TestDatabase
} from '@countersign/testing'
import { audience, issuer, query, type ServiceProcess, startProcess, untilReady } from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FrontProxy, isInstalled, startHaproxy } from '../integration/fixtures/front-proxy.ts'
import {
  type Balanced,
  type BalancerPorts,
  balancerConfiguration,
  sendBalanced,
  untilBalanced
} from './balanced-load.ts'
import { buildLastRelease, hasLastRelease } from './last-release.ts'

const { isSoak } = readTestEnvironment()
const own = fileURLToPath(new URL('../../', import.meta.url))

describe.skipIf(!inject('docker') || !isInstalled('haproxy') || !hasLastRelease)(
  'an update from the last release',
  () => {
    let release: string
    let database: TestDatabase
    let common: Record<string, string>
    let proxy: FrontProxy
    const ports: BalancerPorts = { auth: 0, resource: 0, statistics: 0 }
    const environments: Record<string, string>[] = []
    const replicas: Balanced<ServiceProcess[]> = { auth: [], resource: [] }
    const all: ServiceProcess[] = []

    async function start(
      name: 'auth' | 'resource',
      from: string,
      env: Record<string, string>
    ): Promise<ServiceProcess> {
      // The last release has no bundles yet.
      const script = join(from, `services/${name}-service/${from === own ? 'bundle' : 'dist'}/main.js`)
      const service = await startProcess(`${name}-service`, script, { ...common, ...env })
      all.push(service)
      await untilReady(service)
      return service
    }

    beforeAll(async () => {
      release = buildLastRelease()
      database = await createEmptyTestDatabase()
      await migrate(database.url, { folder: pathToFileURL(join(release, 'prisma/migrations/')) })
      ports.auth = await findLastingPort()
      ports.resource = await findLastingPort()
      ports.statistics = await findLastingPort()
      common = {
        HOST: '127.0.0.1',
        ISSUER: issuer,
        API_AUDIENCE: audience,
        DATABASE_URL: database.url,
        REDIS_URL: await createTestRedis(),
        COUNTERSIGN_MASTER_KEY: randomBytes(32).toString('base64'),
        COUNTERSIGN_ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
        JWKS_URL: `http://127.0.0.1:${ports.auth}/.well-known/jwks.json`,
        AUTH_URL: `http://127.0.0.1:${ports.auth}`,
        LOG_LEVEL: 'warn'
      }
      for (let at = 0; at < 2; at++) {
        const [port, managementPort] = [await findLastingPort(), await findLastingPort()]
        environments.push({
          PORT: String(port),
          MANAGEMENT_PORT: String(managementPort),
          SHUTDOWN_DELAY_SECONDS: '2',
          LOG_LEVEL: 'info'
        })
        replicas.auth.push(await start('auth', release, environments[at] as Record<string, string>))
      }
      const direct = `${replicas.auth[0]?.url}/.well-known/jwks.json`
      const resource = { PORT: '0', MANAGEMENT_PORT: '0', JWKS_URL: direct, LOG_LEVEL: 'info' }
      replicas.resource.push(await start('resource', own, resource))
      proxy = await startHaproxy(balancerConfiguration(ports, replicas), ports.auth)
    }, 180_000)
    afterAll(async () => {
      await proxy?.stop()
      await Promise.all(all.map((service) => service.stop()))
      await database?.drop()
    })

    async function replaceReplicas(from: string): Promise<void> {
      for (const [at, service] of replicas.auth.entries()) {
        await service.stop('SIGTERM')
        replicas.auth[at] = await start('auth', from, environments[at] as Record<string, string>)
        await untilBalanced(ports.statistics)
      }
    }

    test('and back to it fails no request and ends no session, with both running side by side', async () => {
      const { sent, failures } = await sendBalanced({
        ports,
        sessions: 8,
        requests: isSoak ? 20_000 : 2_000,
        async during() {
          await migrate(database.url)
          await delay(1_000) // the last release on the schema of this one
          await replaceReplicas(own)
          await replaceReplicas(release)
          await replaceReplicas(own)
        }
      })
      expect(failures).toEqual([])
      expect(sent).toBeGreaterThanOrEqual(2_000)
      const ended = await query<{ count: number }>(
        database.url,
        'SELECT count(*)::int AS count FROM refresh_token_families WHERE revoked_at IS NOT NULL'
      )
      expect(ended).toEqual([{ count: 0 }])
      expect(all.map((service) => service.logs()).join('')).not.toMatch(/"level":"(?:error|fatal)"/)
    }, 600_000)
  }
)
