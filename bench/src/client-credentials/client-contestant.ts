import {
  assertionType,
  audience,
  basic,
  type ClientKey,
  clientAssertion,
  createClient,
  issuer,
  makeClientKey,
  signIn,
  startTrio
} from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import type { LoadGenerator } from '../load/load-generator.ts'
import type { LoadPlan, RequestSpec } from '../load/load-plan.ts'
import { cpuSecondsOf, cpuSecondsOfPostgres, microsPerRequest } from '../peers/cpu-times.ts'
import { type IssuerOptions, type IssuerPeer, scope } from '../peers/issuer-peer.ts'
import { createPeerDatabase } from '../peers/peer-database.ts'
import { startPeer, threadPool } from '../peers/peer-process.ts'
import { createProfiler } from '../peers/profile-process.ts'
import { databaseConnections, ownSetting } from '../refresh/refresh-contestant.ts'
import { verifyAccessToken } from '../refresh/rotation-check.ts'
import type { Setting, SuiteContext } from '../suite.ts'

export interface ClientRound {
  readonly perSecond: number
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** Processor times are microseconds for each token. */
  readonly serviceCpuMicros?: number | undefined
  readonly postgresCpuMicros?: number | undefined
  readonly clientCpuMicros?: number
}

/** A client that requests its own tokens. */
export interface ClientContestant {
  readonly name: string
  readonly setting: Setting
  measure(load: LoadGenerator, round: { milliseconds: number; connections: number }): Promise<ClientRound>
}

interface Issuer {
  readonly url: string
  readonly jwksPath: string
  readonly pid: number
  readonly database: string
}

const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** Assertions are used once, so they are made before each round: enough for this many tokens per second. */
const assertionsPerSecond = 1500

/** The auth-service with two clients, which authenticate by a secret and by a key. */
export async function startCountersignClients({ postgresUrl, redisUrl }: SuiteContext) {
  const database = await createBenchDatabase(postgresUrl)
  const env = {
    NODE_ENV: 'production',
    ...threadPool,
    LOG_LEVEL: 'info',
    DATABASE_CONNECTIONS: String(databaseConnections)
  }
  const trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
  const { access_token: admin } = await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })
  const common = { scopes: [scope], audiences: [audience] }
  const secretClient = await createClient(trio.auth.url, admin, {
    ...common,
    token_endpoint_auth_method: 'client_secret_basic'
  })
  const key = await makeClientKey('ES256')
  const keyClient = await createClient(trio.auth.url, admin, {
    ...common,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [key.publicJwk] }
  })
  const at: Issuer = {
    url: trio.auth.url,
    jwksPath: '/.well-known/jwks.json',
    pid: trio.auth.process.pid as number,
    database: nameOf(database.url)
  }
  const request: RequestSpec = {
    method: 'POST',
    path: '/oauth/token',
    headers: { ...form, ...basic(secretClient.client_id, secretClient.client_secret) },
    body: `grant_type=client_credentials&scope=${scope}`
  }
  const setting = { ...ownSetting(env), checks: 'the client, its credential and whether it was disabled meanwhile' }
  const stop = async () => {
    await trio.stop()
    await database.drop()
  }
  /** The same with a secret, at another replica whose event loop is profiled. */
  const profile = async (load: LoadGenerator, plan: { milliseconds: number; connections: number }) => {
    const profiler = createProfiler()
    try {
      const { url, process } = await trio.startAuth({ NODE_OPTIONS: profiler.nodeOptions })
      const name = 'client credentials at a replica'
      const replica = await repeating({ name, setting, at: { ...at, url, pid: process.pid as number }, request })
      await replica.measure(load, plan)
      return await profiler.profile("the auth-service's event loop during client credentials", process, () =>
        replica.measure(load, plan)
      )
    } finally {
      profiler.remove()
    }
  }
  return {
    profile,
    withSecret: await repeating({ name: 'client credentials, client_secret_basic', setting, at, request }),
    withKey: withAssertions({ setting, at, key, clientId: keyClient.client_id }),
    stop
  }
}

/** oidc-provider with the same client, from its configuration or from its database. */
export async function startOidcProviderClient({ postgresUrl }: SuiteContext, clientsInDatabase: boolean) {
  const database = await createPeerDatabase(postgresUrl)
  const options: IssuerOptions = { databaseUrl: database.url, databaseConnections, sessions: 0 }
  const peer = await startPeer<IssuerPeer>(new URL('../peers/oidc-provider.js', import.meta.url), {
    ...options,
    clientsInDatabase
  })
  const { url, jwksPath, clientCredentials, setting } = peer.details
  if (!clientCredentials) throw new TypeError('the peer has no client of its own')
  const stop = async () => {
    await peer.stop()
    await database.drop()
  }
  const request = { method: 'POST', ...clientCredentials }
  const checks = clientsInDatabase
    ? 'the client, which it reads from Postgres, and its secret'
    : 'the client and its secret, both in its configuration: it asks no database'
  return {
    client: await repeating({
      name: setting.contestant,
      setting: { ...setting, checks },
      at: { url, jwksPath, pid: peer.pid, database: database.name },
      request
    }),
    stop
  }
}

/** Repeats the same request, after checking that it returns a signed token. */
async function repeating(client: {
  name: string
  setting: Setting
  at: Issuer
  request: RequestSpec
}): Promise<ClientContestant> {
  const { name, setting, at, request } = client
  await checkToken(at, request)
  return {
    name,
    setting,
    measure: (load, { milliseconds, connections }) =>
      measure(load, at, { connections, limit: { milliseconds }, requests: [request], repeat: true })
  }
}

function withAssertions(client: { setting: Setting; at: Issuer; key: ClientKey; clientId: string }): ClientContestant {
  const { setting, at, key, clientId } = client
  return {
    name: 'client credentials, private_key_jwt',
    setting,
    async measure(load, { milliseconds, connections }) {
      const count = Math.ceil((milliseconds / 1000) * assertionsPerSecond)
      const requests: RequestSpec[] = []
      for (let i = 0; i < count; i++) {
        const { client_assertion: assertion } = await clientAssertion(key, { clientId, audience: issuer })
        const body = `grant_type=client_credentials&scope=${scope}&client_assertion_type=${encodeURIComponent(assertionType)}&client_assertion=${assertion}`
        requests.push({ method: 'POST', path: '/oauth/token', headers: form, body })
      }
      return measure(load, at, { connections, limit: { milliseconds }, requests })
    }
  }
}

async function measure(
  load: LoadGenerator,
  { url, pid, database }: Issuer,
  plan: Omit<LoadPlan, 'origin'>
): Promise<ClientRound> {
  const before = { service: cpuSecondsOf(pid), postgres: cpuSecondsOfPostgres(database) }
  const result = await load.run({ origin: url, ...plan })
  const { requestsPerSecond, latency, clientCpuMicrosPerRequest } = result
  return {
    perSecond: requestsPerSecond,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    serviceCpuMicros: microsPerRequest(before.service, cpuSecondsOf(pid), result),
    postgresCpuMicros: microsPerRequest(before.postgres, cpuSecondsOfPostgres(database), result),
    clientCpuMicros: clientCpuMicrosPerRequest
  }
}

async function checkToken(at: Issuer, { path, headers, body }: RequestSpec): Promise<void> {
  const response = await fetch(at.url + path, { method: 'POST', headers: { ...headers }, body: body ?? null })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${at.url}${path} responds to a client with ${response.status}: ${text}`)
  await verifyAccessToken({ ...at, algorithm: 'RS256' }, (JSON.parse(text) as { access_token: string }).access_token)
}

function nameOf(databaseUrl: string): string {
  return new URL(databaseUrl).pathname.slice(1)
}
