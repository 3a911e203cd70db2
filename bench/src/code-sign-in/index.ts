import {
  basic,
  createAuthorizingBrowser,
  createClient,
  post,
  register,
  signIn,
  startTrio
} from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator.ts'
import { cpuSecondsOf, cpuSecondsOfPostgres, microsPerRequest } from '../peers/cpu-times.ts'
import {
  appsApi,
  authorizationQuery,
  exchangeBody,
  type IssuerOptions,
  type IssuerPeer,
  scope,
  webClient
} from '../peers/issuer-peer.ts'
import { createPeerDatabase } from '../peers/peer-database.ts'
import { startPeer, threadPool } from '../peers/peer-process.ts'
import { createProfiler } from '../peers/profile-process.ts'
import { databaseConnections, ownSetting } from '../refresh/refresh-contestant.ts'
import { median, round } from '../statistics.ts'
import {
  interleave,
  type Measurement,
  type Profile,
  ratioOfRounds,
  type Setting,
  type Suite,
  type SuiteContext
} from '../suite.ts'
import type { CodeFlowData } from './code-flow.ts'

const connections = 16
/** An app has at most 20 sessions of a user: with too few users, each sign-in would end an older one as well. */
const users = 320

interface Contestant {
  readonly name: string
  readonly setting: Setting
  readonly url: string
  readonly pid: number
  readonly database: string
  /** Requests of one sign-in. */
  readonly requests: number
  readonly flow: CodeFlowData
  stop(): Promise<void>
}

interface OwnContestant extends Contestant {
  startReplica: Awaited<ReturnType<typeof startTrio>>['startAuth']
}

interface Round {
  /** Sign-ins. */
  readonly perSecond: number
  /** Microseconds of a sign-in. */
  readonly serviceCpuMicros: number | undefined
  readonly postgresCpuMicros: number | undefined
}

/** Sign-ins to an app per second, from the authorization request to the tokens. */
export const codeSignIns: Suite = {
  name: 'code-sign-ins',
  summary: `sign-ins to an app by authorization code, of users who are signed in and have allowed it, over ${connections} connections: against oidc-provider`,
  async run(context) {
    const load = startLoadGenerator()
    const stops: (() => Promise<void>)[] = [load.stop]
    try {
      const own = await startCountersign(context)
      stops.push(own.stop)
      const peer = await startOidcProvider(context)
      stops.push(peer.stop)
      const outcome = await compare(context, load, own, peer)
      context.progress('profiling a replica')
      return { ...outcome, profiles: [await profileReplica(context, load, own)] }
    } finally {
      for (const stop of stops.reverse()) await stop()
    }
  }
}

async function compare({ isQuick, progress }: SuiteContext, load: LoadGenerator, own: Contestant, peer: Contestant) {
  const { rounds, roundMs } = isQuick ? { rounds: 2, roundMs: 400 } : { rounds: 7, roundMs: 1500 }
  // Ours twice: how far the same differs from itself.
  const turns = [{ of: own }, { of: peer }, { of: own }] as const
  for (const contestant of [own, peer]) await measure(load, contestant, roundMs)
  const found = await interleave(turns, rounds, async ({ of }, number) => {
    const result = await measure(load, of, roundMs)
    progress(`round ${number + 1} of ${rounds}: ${of.name} ${Math.round(result.perSecond)}/s`)
    return result
  })
  const [ours, theirs, oursAgain] = turns.map((turn) => found.get(turn) ?? [])
  const rates = (list: readonly Round[] = []) => list.map(({ perSecond }) => perSecond)
  const measurements: Measurement[] = [
    {
      name: 'sign-in by authorization code',
      ratio: ratioOfRounds(rates(ours), rates(theirs), peer.name),
      figures: { ours_per_s: round(median(rates(ours))), theirs_per_s: round(median(rates(theirs))) }
    },
    {
      name: 'sign-in by authorization code',
      isNoise: true,
      ratio: ratioOfRounds(rates(ours), rates(oursAgain), own.name),
      figures: { ours_per_s: round(median(rates(oursAgain))) }
    },
    costs(own, ours),
    costs(peer, theirs)
  ]
  return { measurements, settings: [own.setting, peer.setting] }
}

async function profileReplica({ isQuick }: SuiteContext, load: LoadGenerator, own: OwnContestant): Promise<Profile> {
  const roundMs = isQuick ? 1000 : 3000
  const profiler = createProfiler()
  try {
    const { url, process } = await own.startReplica({ NODE_OPTIONS: profiler.nodeOptions })
    const replica = { ...own, url, pid: process.pid as number }
    await measure(load, replica, roundMs)
    return await profiler.profile("the auth-service's event loop during sign-ins to an app", process, () =>
      measure(load, replica, roundMs)
    )
  } finally {
    profiler.remove()
  }
}

async function measure(load: LoadGenerator, contestant: Contestant, milliseconds: number): Promise<Round> {
  const { url, pid, database, requests, flow } = contestant
  const before = { service: cpuSecondsOf(pid), postgres: cpuSecondsOfPostgres(database) }
  const data = Array.from({ length: connections }, (_, i): CodeFlowData => {
    return { ...flow, users: flow.users.filter((_, index) => index % connections === i) }
  })
  const result = await load.run({
    origin: url,
    connections,
    limit: { milliseconds },
    expectedStatuses: [200, 302, 303],
    flow: { module: new URL('code-flow.js', import.meta.url).href, data }
  })
  const signIns = { ...result, requests: result.requests / requests }
  return {
    perSecond: result.requestsPerSecond / requests,
    serviceCpuMicros: microsPerRequest(before.service, cpuSecondsOf(pid), signIns),
    postgresCpuMicros: microsPerRequest(before.postgres, cpuSecondsOfPostgres(database), signIns)
  }
}

function costs({ name }: Contestant, rounds: readonly Round[] = []): Measurement {
  const figure = (values: readonly (number | undefined)[]) => {
    const seen = values.filter((value) => value !== undefined)
    return seen.length === 0 ? undefined : round(median(seen))
  }
  const [service, postgres] = [
    figure(rounds.map(({ serviceCpuMicros }) => serviceCpuMicros)),
    figure(rounds.map(({ postgresCpuMicros }) => postgresCpuMicros))
  ]
  return {
    name: `a sign-in of ${name}`,
    figures: {
      sign_ins_per_s: round(median(rounds.map(({ perSecond }) => perSecond))),
      ...(service !== undefined && { service_cpu_us: service }),
      ...(postgres !== undefined && { postgres_cpu_us: postgres })
    }
  }
}

/** What the pages do stands in the flow: they claim the request for their user. */
async function startCountersign({ postgresUrl, redisUrl, progress }: SuiteContext): Promise<OwnContestant> {
  const database = await createBenchDatabase(postgresUrl)
  const env = {
    NODE_ENV: 'production',
    ...threadPool,
    LOG_LEVEL: 'info',
    DATABASE_CONNECTIONS: String(databaseConnections),
    PAGES_URL: 'https://pages.example.com',
    TRUSTED_PROXY_HOPS: '1',
    REGISTRATIONS_PER_ADDRESS: '100000'
  }
  const trio = await startTrio({ databaseUrl: database.url, redisUrl, env })
  const { url } = trio.auth
  const { access_token: admin } = await signIn(url, { username: 'admin', password: trio.adminPassword })
  const api = { identifier: appsApi, name: 'Things', scopes: [{ name: scope, description: 'May read' }] }
  const created = await post(`${url}/admin/apis`, api, admin)
  if (created.status !== 201) throw new Error(`the API: ${JSON.stringify(created.body)}`)
  const held = await fetch(`${url}/admin/roles/user`, {
    method: 'PATCH',
    headers: { Authorization: `Bearer ${admin}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ scopes: [{ api: appsApi, scope }] })
  })
  if (!held.ok) throw new Error(`the role: ${await held.text()}`)
  const client = await createClient(url, admin, {
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    redirect_uris: [webClient.redirectUri],
    scopes: [scope],
    audiences: [appsApi]
  })
  const query = authorizationQuery(client.client_id)
  progress(`${users} users sign in and allow the app`)
  const flowUsers: { accessToken: string }[] = []
  for (let i = 0; i < users; i++) {
    const { access_token: accessToken } = await signIn(url, await register(url))
    const browser = createAuthorizingBrowser(url)
    const id = await browser.beginWell(Object.fromEntries(new URLSearchParams(query)))
    await browser.claim(id, accessToken)
    await browser.decide(id, accessToken, 'allow')
    flowUsers.push({ accessToken })
  }
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  return {
    name: 'Countersign',
    setting: {
      ...ownSetting(env),
      checks:
        'the client, the redirect URI, the session and the state of the credentials of the user, the consent, the roles, the code; each exchange starts a session of its own. Four requests: authorize, the claim of the pages, complete, token'
    },
    url,
    pid: trio.auth.process.pid as number,
    database: new URL(database.url).pathname.slice(1),
    requests: 4,
    flow: {
      authorizePath: `/oauth/authorize?${query}`,
      exchange: {
        path: '/oauth/token',
        headers: { ...form, ...basic(client.client_id, client.client_secret) },
        body: exchangeBody
      },
      users: flowUsers
    },
    startReplica: trio.startAuth,
    async stop() {
      await trio.stop()
      await database.drop()
    }
  }
}

async function startOidcProvider({ postgresUrl }: SuiteContext): Promise<Contestant> {
  const database = await createPeerDatabase(postgresUrl)
  const options: IssuerOptions = { databaseUrl: database.url, databaseConnections, sessions: 0, browsers: users }
  const peer = await startPeer<IssuerPeer>(new URL('../peers/oidc-provider.js', import.meta.url), options)
  const { url, codeSignIn, setting } = peer.details
  if (!codeSignIn) throw new TypeError('the peer signs nobody in to an app')
  const { authorizePath, exchange, browsers } = codeSignIn
  return {
    name: setting.contestant,
    setting: {
      ...setting,
      checks:
        'the client from its configuration, the session and the grant from Postgres, the code; the session of the browser is its own. Two requests: authorize, token'
    },
    url,
    pid: peer.pid,
    database: database.name,
    requests: 2,
    flow: { authorizePath, exchange, users: browsers.map((cookies) => ({ cookies })) },
    async stop() {
      await peer.stop()
      await database.drop()
    }
  }
}
