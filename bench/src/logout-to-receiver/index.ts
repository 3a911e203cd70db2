import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createAuthorizingBrowser,
  createClient,
  exchangeCode,
  newPkce,
  post,
  register,
  signIn,
  startTrio,
  unverifiedClaims
} from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import { percentiles, round } from '../statistics.ts'
import type { Measurement, Suite, SuiteContext } from '../suite.ts'

const sizes = { full: { rounds: 6, logoutsPerRound: 50 }, quick: { rounds: 2, logoutsPerRound: 5 } } as const
const redirectUri = 'https://app.example.com/callback'

/** From a sign-out to the logout token at the app, through real HTTP, Postgres and Redis. */
export const logoutToReceiver: Suite = {
  name: 'logout-to-receiver',
  summary: `${sizes.full.rounds * sizes.full.logoutsPerRound} sign-outs, each until the app has the logout token (OpenID Connect Back-Channel Logout); the limit is a bare form on a new connection to the same receiver`,
  async run(context) {
    const database = await createBenchDatabase(context.postgresUrl)
    const env = {
      REGISTRATIONS_PER_ADDRESS: '100000',
      LOG_LEVEL: 'info',
      SESSIONS_PER_USER: '100',
      PAGES_URL: 'http://pages.test'
    }
    const trio = await startTrio({ databaseUrl: database.url, redisUrl: context.redisUrl, env })
    const receiver = await startReceiver()
    try {
      const admin = (await signIn(trio.auth.url, { username: 'admin', password: trio.adminPassword })).access_token
      await createClient(trio.auth.url, admin, {
        client_id: 'app',
        name: 'The app',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [redirectUri],
        backchannel_logout_uri: receiver.uri
      })
      return { measurements: await measure(context, trio.auth.url, receiver) }
    } finally {
      receiver.server.close()
      await trio.stop()
      await database.drop()
    }
  }
}

interface Receiver {
  readonly uri: string
  readonly server: Server
  /** @returns when what holds this came, by `process.hrtime.bigint()` */
  arrivalOf(holds: (body: string) => boolean): Promise<bigint>
}

async function startReceiver(): Promise<Receiver> {
  const waiting = new Set<(body: string, at: bigint) => void>()
  const server = createServer(async (request, response) => {
    const at = process.hrtime.bigint()
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    response.end()
    for (const hear of waiting) hear(Buffer.concat(chunks).toString(), at)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    server,
    arrivalOf: (holds) =>
      new Promise((resolve) => {
        const hear = (body: string, at: bigint) => {
          if (!holds(body)) return
          waiting.delete(hear)
          resolve(at)
        }
        waiting.add(hear)
      })
  }
}

/** Milliseconds. */
interface Samples {
  readonly sinceRequest: number[]
  readonly sinceResponse: number[]
  readonly logout: number[]
  readonly limit: number[]
}

async function measure(
  { progress, isQuick }: SuiteContext,
  authUrl: string,
  receiver: Receiver
): Promise<Measurement[]> {
  const { rounds, logoutsPerRound } = isQuick ? sizes.quick : sizes.full
  const samples: Samples = { sinceRequest: [], sinceResponse: [], logout: [], limit: [] }
  for (let r = 0; r < rounds; r++) {
    progress(`${r * logoutsPerRound} of ${rounds * logoutsPerRound}`)
    const user = await register(authUrl)
    for (let i = 0; i < logoutsPerRound; i++) {
      const { access_token: token } = await signIn(authUrl, user)
      await measureLogout(samples, authUrl, receiver, token)
      await measureLimit(samples, receiver, `limit-${r}-${i}`)
    }
  }
  return report(samples)
}

async function measureLogout(samples: Samples, authUrl: string, receiver: Receiver, token: string): Promise<void> {
  const sid = await signInToApp(authUrl, token)
  const arrival = receiver.arrivalOf((body) => {
    const logoutToken = new URLSearchParams(body).get('logout_token')
    return logoutToken !== null && unverifiedClaims(logoutToken).sid === sid
  })
  const requestedAt = process.hrtime.bigint()
  const { status } = await post(`${authUrl}/auth/logout`, undefined, token)
  const respondedAt = process.hrtime.bigint()
  if (status !== 204) throw new Error(`logout responded with ${status}`)
  const arrivedAt = await arrival
  samples.logout.push(Number(respondedAt - requestedAt) / 1e6)
  samples.sinceRequest.push(Number(arrivedAt - requestedAt) / 1e6)
  samples.sinceResponse.push(Number(arrivedAt - respondedAt) / 1e6)
}

/** @returns the session that the app has got */
async function signInToApp(authUrl: string, token: string): Promise<unknown> {
  const { verifier, challenge } = newPkce()
  const browser = createAuthorizingBrowser(authUrl)
  const request = await browser.beginWell({
    client_id: 'app',
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256'
  })
  const claimed = (await browser.claim(request, token)).body
  const { complete_url: at } =
    claimed.next === 'complete' ? claimed : (await browser.decide(request, token, 'allow')).body
  const { pathname, search } = new URL(at)
  const { code } = (await browser.open(authUrl + pathname + search)).parameters
  const { body } = await exchangeCode(authUrl, {
    client_id: 'app',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier
  })
  return unverifiedClaims(body.access_token).sid
}

async function measureLimit(samples: Samples, receiver: Receiver, id: string): Promise<void> {
  const arrival = receiver.arrivalOf((body) => body === `id=${id}`)
  const sentAt = process.hrtime.bigint()
  await fetch(receiver.uri, { method: 'POST', body: `id=${id}`, headers: { Connection: 'close' } })
  samples.limit.push(Number((await arrival) - sentAt) / 1e6)
}

function report(samples: Samples): Measurement[] {
  const figures = (all: readonly number[]) => {
    const [median, p99, max] = percentiles(all, [50, 99, 100]) as [number, number, number]
    return { median_ms: round(median), p99_ms: round(p99), max_ms: round(max) }
  }
  return [
    {
      name: "from the sign-out's response to the receiver (negative: there before it responded)",
      figures: figures(samples.sinceResponse)
    },
    { name: "from the sign-out's request to the receiver", figures: figures(samples.sinceRequest) },
    { name: 'the sign-out itself', figures: figures(samples.logout) },
    { name: 'a bare form on a new connection to the same receiver', figures: figures(samples.limit) }
  ]
}
