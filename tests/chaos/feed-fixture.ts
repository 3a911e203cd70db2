/** The set-up of the feed's faults: an issuer and verifiers, each with its own connection to Redis, and sessions to revoke. */
import { setTimeout as delay } from 'node:timers/promises'
import { createTestDatabase, startTcpProxy, type TcpProxy, type TestDatabase } from '@countersign/testing'
import {
  get,
  post,
  query,
  register,
  type ServiceProcess,
  send,
  signIn,
  startTrio,
  type Trio,
  untilReady,
  unverifiedClaims
} from '@countersign/testing/trio'
import {
  type AccessTokenVerifier,
  createAccessTokenVerifier,
  type RevocationEntry,
  type RevocationFeed,
  toHttpResponse,
  VerifierError
} from '@countersign/verifier'
import { redisRevocations } from '@countersign/verifier/redis'
import type { Judge, Session } from './feed-traffic.ts'

/** A verifier in this process, whose view can be compared entry by entry. */
export interface LocalVerifier extends Judge {
  readonly verifier: AccessTokenVerifier
  /** Every value that its view has received. */
  readonly heard: ReadonlySet<string>
}

export interface FeedFixture {
  readonly database: TestDatabase
  readonly trio: Trio
  /** The issuer's way to Redis. */
  readonly issuerPath: TcpProxy
  /** The verifiers' way to Redis. */
  readonly verifierPath: TcpProxy
  /** Everyone who verifies: the resource-services, and what has joined. */
  readonly judges: readonly Judge[]
  /** The issuer and the resource-services. */
  services(): readonly ServiceProcess[]
  /** Never revoked. */
  readonly good: readonly Session[]
  /** Revoked so far, or being revoked. */
  readonly revoked: readonly Session[]
  /** Another verifier that starts to follow now. */
  join(name: string): LocalVerifier
  leave(verifier: LocalVerifier): Promise<void>
  /** Ends the next session; the bound is how long a verifier may still answer 200. */
  revoke(boundMs: number, issuer?: ServiceProcess): Promise<Session>
  stopIssuer(signal?: NodeJS.Signals): Promise<void>
  /** The issuer's next start, at the same address. */
  startIssuer(): Promise<void>
  /** Waits until all verifiers know everything again; returns what still differs between the outbox and the views. */
  untilRecovered(withinMs: number): Promise<string[]>
  close(): Promise<void>
}

const sessionsPerUser = 40
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
  const remote: Judge[] = resources.map(({ url }, at) => ({
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
    get judges() {
      return [...remote, ...local]
    },
    services: () => [issuer, ...resources],
    join(name) {
      const joined = createLocalVerifier(name, { issuer: trio.issuer, issuerUrl, redisUrl: verifierPath.url })
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
      const revocation = { sentAt: performance.now(), answeredAt: Number.POSITIVE_INFINITY, boundMs }
      session.revocation = revocation
      revoked.push(session)
      const { status } = await post(`${url}/auth/logout`, undefined, session.accessToken)
      if (status !== 204) throw new Error(`logout answered ${status}`)
      revocation.answeredAt = performance.now()
      return session
    },
    stopIssuer: (signal) => issuer.stop(signal),
    async startIssuer() {
      issuer = await trio.startAuth({ PORT: new URL(issuerUrl).port })
    },
    async untilRecovered(withinMs) {
      const deadline = performance.now() + withinMs
      for (;;) {
        const found = await differences()
        if (found.length === 0 || performance.now() > deadline) return found
        await delay(50)
      }
    },
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
    return firstFindings(differencesInState, differencesInAnswers, differencesInNumber, differencesInContent)
  }

  async function differencesInState(): Promise<string[]> {
    const behind = [...local]
      .filter(({ verifier }) => !verifier.status().revocations?.isCurrent)
      .map(({ name }) => name)
    for (const { name, managementUrl } of fixture.services()) {
      // One that is about to become stale still answers 200.
      if (!((await readMetric(managementUrl, 'countersign_revocation_view_age_seconds')) < freshSeconds))
        behind.push(name)
    }
    return behind.map((name) => `${name} is not current`)
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

  async function differencesInContent(): Promise<string[]> {
    const outbox = await query<{ value: string }>(
      database.url,
      'SELECT value FROM revocations WHERE expires_at > clock_timestamp()'
    )
    return [...local].flatMap(({ name, heard }) => {
      const missing = outbox.filter(({ value }) => !heard.has(value)).length
      return missing === 0 ? [] : [`${name} misses ${missing} entries`]
    })
  }

  async function differencesInAnswers(): Promise<string[]> {
    const found: string[] = []
    const probes = [...good.slice(0, 1), ...revoked.slice(-12)]
    for (const { name, ask } of fixture.judges) {
      for (const { accessToken, revocation } of probes) {
        const status = await ask(accessToken)
        if (status !== (revocation ? 401 : 200)) {
          found.push(`${name} answers ${status} to a ${revocation ? 'revoked' : 'good'} token`)
        }
      }
    }
    return found
  }
}

async function firstFindings(...searches: (() => Promise<string[]>)[]): Promise<string[]> {
  for (const search of searches) {
    const found = await search()
    if (found.length > 0) return found
  }
  return []
}

function readEntries(managementUrl: string): Promise<number> {
  return readMetric(managementUrl, 'countersign_revocation_view_entries')
}

/** Not a number while it is absent. */
async function readMetric(managementUrl: string, name: string): Promise<number> {
  const { body } = await send<string>(`${managementUrl}/metrics`, {})
  return Number(new RegExp(`^${name}\\{.*\\} ([\\d.e+-]+)$`, 'm').exec(body)?.[1])
}

async function signInOften(issuerUrl: string, count: number): Promise<Session[]> {
  const sessions: Session[] = []
  for (let begun = 0; begun < count; begun += sessionsPerUser) {
    const user = await register(issuerUrl)
    const ofUser = Math.min(sessionsPerUser, count - begun)
    const all = await Promise.all(Array.from({ length: ofUser }, () => signIn(issuerUrl, user)))
    for (const { access_token: accessToken } of all) {
      sessions.push({ accessToken, sid: unverifiedClaims(accessToken).sid })
    }
  }
  return sessions
}

export interface LocalVerifierOptions {
  readonly issuer: string
  readonly issuerUrl: string
  readonly redisUrl: string
  readonly maxStalenessSeconds?: number
}

export function createLocalVerifier(
  name: string,
  { issuer, issuerUrl, redisUrl, maxStalenessSeconds }: LocalVerifierOptions
): LocalVerifier {
  const heard = new Set<string>()
  const { feed } = redisRevocations({ url: redisUrl })
  const verifier = createAccessTokenVerifier({
    issuer,
    audience: 'http://api.test',
    jwksUri: `${issuerUrl}/.well-known/jwks.json`,
    revocations: {
      maxStalenessSeconds,
      feed: overheard(feed, (entries) => entries.forEach(({ value }) => void heard.add(value)))
    }
  })
  const ask = async (accessToken: string): Promise<number> => {
    try {
      await verifier.verify(accessToken)
      return 200
    } catch (error) {
      if (error instanceof VerifierError) return toHttpResponse(error).status
      throw error
    }
  }
  return { name, pauseMs: 20, verifier, heard, ask }
}

/** The same feed; its events are also observed here. */
function overheard(feed: RevocationFeed, onEntries: (entries: readonly RevocationEntry[]) => void): RevocationFeed {
  return {
    ...feed,
    follow: (sink, clock) =>
      feed.follow(
        {
          ...sink,
          add(entries) {
            onEntries(entries)
            sink.add(entries)
          }
        },
        clock
      )
  }
}
