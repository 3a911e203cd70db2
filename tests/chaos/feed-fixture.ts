/** The set-up of the feed's faults: an issuer and verifiers, each with its own connection to Redis, and sessions to revoke. */
import { createTestDatabase, startTcpProxy, type TcpProxy, type TestDatabase } from '@countersign/testing'
import {
  get,
  post,
  query,
  type ServiceProcess,
  send,
  startTrio,
  type Trio,
  untilReady
} from '@countersign/testing/trio'
import { redisRevocations } from '@countersign/verifier/redis'
import type { FeedUnderTest } from './feed-proof.ts'
import { signInOften } from './feed-sessions.ts'
import type { Observer, Session } from './feed-traffic.ts'
import {
  createLocalVerifier,
  firstFindings,
  incompleteViews,
  type LocalVerifier,
  staleViews,
  untilNothingFound,
  wrongResponses
} from './feed-views.ts'

export interface FeedFixture extends FeedUnderTest {
  readonly database: TestDatabase
  readonly trio: Trio
  /** The issuer's way to Redis. */
  readonly issuerPath: TcpProxy
  /** The verifiers' way to Redis. */
  readonly verifierPath: TcpProxy
  /** The issuer and the resource-services. */
  services(): readonly ServiceProcess[]
  revoke(boundMs: number, issuer?: ServiceProcess): Promise<Session>
  stopIssuer(signal?: NodeJS.Signals): Promise<void>
  /** The issuer's next start, at the same address. */
  startIssuer(): Promise<void>
  close(): Promise<void>
}

/** A view that is followed is confirmed more often. */
const freshSeconds = 3

export async function openFeedFixture(redisUrl: string, sessionCount: number): Promise<FeedFixture> {
  const database = await createTestDatabase()
  const issuerPath = await startTcpProxy({ target: redisUrl })
  const verifierPath = await startTcpProxy({ target: redisUrl })
  const trio = await startTrio({
    databaseUrl: database.url,
    redisUrl: issuerPath.url,
    resourceReplicas: 0,
    env: {
      SIGN_IN_FAILURES_PER_ADDRESS: '1000000',
      SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS: '1000000',
      SIGN_IN_FAILURES_PER_ACCOUNT: '1000000',
      PASSWORD_HASH_QUEUE: '1000',
      LOG_LEVEL: 'info'
    }
  })
  const issuerUrl = trio.auth.url
  const resources = await Promise.all([1, 2].map(() => trio.startResource({ REDIS_URL: verifierPath.url })))
  await Promise.all(resources.map((service) => untilReady(service)))
  const unused = await signInOften(issuerUrl, sessionCount)
  const good = unused.splice(0, 3)
  const revoked: Session[] = []
  const local = new Set<LocalVerifier>()
  const remote: Observer[] = resources.map(({ url }, at) => ({
    name: `resource-service ${at + 1}`,
    pauseMs: 50,
    ask: async (accessToken) => (await get(`${url}/me`, accessToken)).status
  }))
  let issuer = trio.auth

  const fixture: FeedFixture = {
    database,
    trio,
    issuerPath,
    verifierPath,
    good,
    revoked,
    get observers() {
      return [...remote, ...local]
    },
    services: () => [issuer, ...resources],
    join(name) {
      const joined = createLocalVerifier(name, {
        issuer: trio.issuer,
        issuerUrl,
        feed: redisRevocations({ url: verifierPath.url }).feed
      })
      local.add(joined)
      return joined
    },
    async leave(verifier) {
      local.delete(verifier)
      await verifier.verifier.close()
    },
    async revoke(boundMs, { url } = issuer) {
      const session = unused.pop()
      if (!session) throw new Error('no session is left to be revoked: prepare more')
      const revocation = { sentAt: performance.now(), respondedAt: Number.POSITIVE_INFINITY, boundMs }
      session.revocation = revocation
      revoked.push(session)
      const { status } = await post(`${url}/auth/logout`, undefined, session.accessToken)
      if (status !== 204) throw new Error(`logout responded with ${status}`)
      revocation.respondedAt = performance.now()
      return session
    },
    stopIssuer: (signal) => issuer.stop(signal),
    async startIssuer() {
      issuer = await trio.startAuth({ PORT: new URL(issuerUrl).port })
    },
    untilRecovered: (withinMs) => untilNothingFound(differences, withinMs),
    async close() {
      await Promise.all([...local].map(({ verifier }) => verifier.close()))
      await trio.stop()
      await Promise.all([issuerPath.close(), verifierPath.close()])
      await database.drop()
    }
  }
  return fixture

  async function differences(): Promise<string[]> {
    // The cheap check comes first: this is called again and again, with hundreds of thousands of entries.
    return firstFindings(
      differencesInState,
      () => wrongResponses(fixture.observers, fixture),
      differencesInNumber,
      () => incompleteViews([...local], database.url)
    )
  }

  async function differencesInState(): Promise<string[]> {
    const behind = staleViews([...local])
    for (const { name, managementUrl } of fixture.services()) {
      // One that is about to become stale still responds with 200.
      if (!((await readMetric(managementUrl, 'countersign_revocation_view_age_seconds')) < freshSeconds))
        behind.push(`${name} is not current`)
    }
    return behind
  }

  async function differencesInNumber(): Promise<string[]> {
    const [row] = await query<{ count: number }>(
      database.url,
      'SELECT count(*)::int AS count FROM revocations WHERE expires_at > clock_timestamp()'
    )
    const counts = [...local].map(({ name, verifier }) => ({ name, entries: verifier.status().revocations?.entries }))
    for (const { name, managementUrl } of fixture.services()) {
      counts.push({ name, entries: await readEntries(managementUrl) })
    }
    return counts
      .filter(({ entries }) => entries !== row?.count)
      .map(({ name, entries }) => `${name} has ${entries} entries, the outbox ${row?.count}`)
  }
}

function readEntries(managementUrl: string): Promise<number> {
  return readMetric(managementUrl, 'countersign_revocation_view_entries')
}

/** Not a number while it is absent. */
async function readMetric(managementUrl: string, name: string): Promise<number> {
  const { body } = await send<string>(`${managementUrl}/metrics`, {})
  return Number(new RegExp(`^${name}\\{.*\\} ([\\d.e+-]+)$`, 'm').exec(body)?.[1])
}
