import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { query, startTrio } from '@countersign/testing/trio'
import { SMTPServer } from 'smtp-server'
import { createBenchDatabase } from '../databases.ts'
import { areaUnderCurve, median, round } from '../statistics.ts'
import type { Measurement, Suite, SuiteContext } from '../suite.ts'

const unlimited = '1000000'
/** The first requests of a kind find caches empty. */
const warmUp = 20
const base64 = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')

/** Hashes that no password matches, of other systems and our own: a quarter of the users has each. */
const hashes: Readonly<Record<string, () => string>> = {
  bcrypt: () => `$2b$10$${base64(39).replaceAll('+', '.')}.`,
  scrypt: () => `$scrypt$ln=14,r=8,p=1$${base64(16)}$${base64(32)}`,
  pbkdf2: () => `$pbkdf2-sha256$i=210000$${base64(16)}$${base64(32)}`,
  argon2id: () => `$argon2id$v=19$m=19456,t=2,p=1$${base64(16)}$${base64(32)}`
}
const ours = 'argon2id'

type Kind = 'known' | 'unknown'

interface Target {
  readonly url: string
  readonly databaseUrl: string
}

interface Way {
  readonly name: string
  readonly status: number
  /** What is asked with the name, or with the address that begins with it. `number` is another one for each request. */
  ask(target: Target, name: string, number: number): Promise<[path: string, body: object | undefined, token?: string]>
}

const ways: readonly Way[] = [
  {
    name: 'failed sign-ins, known and unknown names',
    status: 401,
    ask: async (_, username) => ['/auth/login', { username, password: 'a wrong password' }]
  },
  {
    name: 'failed sign-ins, known and unknown addresses',
    status: 401,
    ask: async (_, name) => ['/auth/login', { username: `${name}@example.com`, password: 'a wrong password' }]
  },
  {
    name: 'requests for a reset, known and unknown addresses',
    status: 202,
    ask: async (_, name) => ['/auth/password-reset', { email: `${name}@example.com` }]
  },
  {
    name: 'wrong codes of resets, known and unknown addresses',
    status: 400,
    async ask({ url }, name, number) {
      const response = await send(url, number, ['/auth/password-reset', { email: `${name}@example.com` }])
      const { flow } = (await response.json()) as { flow: string }
      // The mail is prepared after the response.
      await delay(50)
      return ['/auth/password-reset/confirm', { flow, code: '00000000', new_password: 'a long password 9' }]
    }
  },
  {
    name: 'requests to sign in by mail, known and unknown addresses',
    status: 202,
    ask: async (_, name) => ['/auth/login/mail', { email: `${name}@example.com` }]
  },
  {
    name: 'wrong codes of sign-ins by mail, known and unknown addresses',
    status: 401,
    async ask({ url }, name, number) {
      const response = await send(url, number, ['/auth/login/mail', { email: `${name}@example.com` }])
      const { flow } = (await response.json()) as { flow: string }
      await delay(50)
      return ['/auth/login/mail/confirm', { flow, code: '00000000' }]
    }
  },
  {
    name: 'registrations with addresses that others have verified, and with new ones',
    status: 201,
    ask: async (_, name, number) => [
      '/auth/register',
      { username: `registered-${number}`, password: 'a long password 9', email: `${name}@example.com` }
    ]
  },
  {
    name: 'requests to verify addresses that others have verified, and new ones',
    status: 202,
    async ask({ url, databaseUrl }, name, number) {
      // The account of a registration above.
      await query(databaseUrl, 'UPDATE users SET email = $2 WHERE username = $1', [
        `registered-${number}`,
        `${name}@example.com`
      ])
      const credentials = { username: `registered-${number}`, password: 'a long password 9' }
      const response = await send(url, number, ['/auth/login', credentials])
      const { access_token: token } = (await response.json()) as { access_token: string }
      return ['/auth/email/verification', undefined, token]
    }
  }
]

/** Whether the time of a response tells known names and addresses from unknown ones, while imported users have not signed in. */
export const unknownNames: Suite = {
  name: 'unknown-names',
  summary: `whether the time of a response tells which names and addresses are known, while of four users three have imported hashes: ${Object.keys(hashes).join(', ')}`,
  async run(context) {
    const samples = context.isQuick ? 40 : 1000
    const database = await createBenchDatabase(context.postgresUrl)
    const mailServer = await startMailServer()
    try {
      await insertUsers(database.url, samples)
      const trio = await startTrio({
        databaseUrl: database.url,
        redisUrl: context.redisUrl,
        env: {
          NODE_ENV: 'production',
          SIGN_IN_FAILURES_PER_ADDRESS: unlimited,
          // Each request comes from an address of its own, which the limits count.
          TRUSTED_PROXY_HOPS: '1',
          SMTP_URL: `smtp://127.0.0.1:${(mailServer.server.address() as AddressInfo).port}`,
          MAIL_FROM: 'no-reply@example.com',
          MAIL_SIGN_IN: 'on',
          PAGES_URL: 'http://localhost:4002'
        }
      })
      try {
        const target = { url: trio.auth.url, databaseUrl: database.url }
        const measurements: Measurement[] = []
        for (const way of ways) measurements.push(await measure(context, target, way, samples))
        return { measurements }
      } finally {
        await trio.stop()
      }
    } finally {
      await new Promise<void>((resolve) => mailServer.close(resolve))
      await database.drop()
    }
  }
}

/** Takes every mail, and keeps none. */
async function startMailServer(): Promise<SMTPServer> {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, _session, callback) {
      stream.on('end', callback).resume()
    }
  })
  server.on('error', () => {}) // of connections that the service closes
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return server
}

/** Each has verified an address. */
async function insertUsers(databaseUrl: string, count: number): Promise<void> {
  const kinds = Object.entries(hashes)
  const rows = Array.from({ length: count }, (_, at) => {
    const [kind, make] = kinds[at % kinds.length] as [string, () => string]
    return { name: `known-${at}`, hash: make(), imported: kind !== ours }
  })
  await query(
    databaseUrl,
    `INSERT INTO users (id, username, username_key, email, email_key, email_verified_at, password_hash, imported_password_hash, password_set_at, roles)
     SELECT gen_random_uuid(), name, name, name || '@example.com', name || '@example.com', now(), CASE WHEN imported THEN 'none' ELSE hash END, CASE WHEN imported THEN hash END,
       CASE WHEN imported THEN 'epoch' ELSE now() END, '{}'
     FROM jsonb_to_recordset($1::jsonb) AS rows (name text, hash text, imported boolean)`,
    [JSON.stringify(rows)]
  )
  await query(databaseUrl, 'ANALYZE users')
}

/** One after the other, in a random order; each name once. */
async function measure({ progress }: SuiteContext, target: Target, way: Way, samples: number): Promise<Measurement> {
  const times: Record<Kind, number[]> = { known: [], unknown: [] }
  const names = Array.from({ length: samples }, (_, at) => [
    { kind: 'known' as const, name: `known-${at}` },
    { kind: 'unknown' as const, name: `unknown-${at}` }
  ]).flat()
  for (const [number, { kind, name }] of shuffled(names).entries()) {
    const request = await way.ask(target, name, number)
    const begin = performance.now()
    const { status } = await send(target.url, number, request)
    const time = performance.now() - begin
    if (status !== way.status) throw new Error(`${way.name}: ${name} got ${status}`)
    if (number >= warmUp) times[kind].push(time)
    if ((number + 1) % 500 === 0) progress(`${number + 1} ${way.name}`)
  }
  return {
    name: way.name,
    figures: {
      area_under_curve: round(areaUnderCurve(times.known, times.unknown)),
      known_ms: round(median(times.known)),
      unknown_ms: round(median(times.unknown))
    },
    goal: { figure: 'area_under_curve', atMost: 0.55 },
    note: `the share of pairs in which one kind takes longer than the other: 0.5 tells nothing. ${samples.toLocaleString('en')} of each kind, each tried once, one after the other over loopback; the first ${warmUp} are left out`
  }
}

async function send(
  url: string,
  number: number,
  [path, body, token]: Awaited<ReturnType<Way['ask']>>
): Promise<Response> {
  return fetch(url + path, {
    method: 'POST',
    headers: {
      'X-Forwarded-For': `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` })
    },
    ...(body && { body: JSON.stringify(body) })
  })
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
