import { randomBytes } from 'node:crypto'
import { post, query, startTrio } from '@countersign/testing/trio'
import { createBenchDatabase } from '../databases.ts'
import { areaUnderCurve, median, round } from '../statistics.ts'
import type { Measurement, Suite, SuiteContext } from '../suite.ts'

const unlimited = '1000000'
const base64 = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')

/** Hashes that no password matches, of other systems and our own: a quarter of the users has each. */
const hashes: Readonly<Record<string, () => string>> = {
  bcrypt: () => `$2b$10$${base64(39).replaceAll('+', '.')}.`,
  scrypt: () => `$scrypt$ln=14,r=8,p=1$${base64(16)}$${base64(32)}`,
  pbkdf2: () => `$pbkdf2-sha256$i=210000$${base64(16)}$${base64(32)}`,
  argon2id: () => `$argon2id$v=19$m=19456,t=2,p=1$${base64(16)}$${base64(32)}`
}
const ours = 'argon2id'

/** Whether the time of a failed sign-in tells known names from unknown ones, while imported users have not signed in. */
export const unknownNames: Suite = {
  name: 'unknown-names',
  summary: `whether the time of a failed sign-in tells which names are known, while of four users three have imported hashes: ${Object.keys(hashes).join(', ')}`,
  async run(context) {
    const samples = context.isQuick ? 40 : 1000
    const database = await createBenchDatabase(context.postgresUrl)
    try {
      await insertUsers(database.url, samples)
      const trio = await startTrio({
        databaseUrl: database.url,
        redisUrl: context.redisUrl,
        env: { NODE_ENV: 'production', SIGN_IN_FAILURES_PER_ADDRESS: unlimited }
      })
      try {
        return { measurements: [await measure(context, trio.auth.url, samples)] }
      } finally {
        await trio.stop()
      }
    } finally {
      await database.drop()
    }
  }
}

async function insertUsers(databaseUrl: string, count: number): Promise<void> {
  const kinds = Object.entries(hashes)
  const rows = Array.from({ length: count }, (_, at) => {
    const [kind, make] = kinds[at % kinds.length] as [string, () => string]
    return { name: `known-${at}`, hash: make(), imported: kind !== ours }
  })
  await query(
    databaseUrl,
    `INSERT INTO users (id, username, username_key, password_hash, imported_password_hash, password_set_at, roles)
     SELECT gen_random_uuid(), name, name, CASE WHEN imported THEN 'none' ELSE hash END, CASE WHEN imported THEN hash END,
       CASE WHEN imported THEN 'epoch' ELSE now() END, '{}'
     FROM jsonb_to_recordset($1::jsonb) AS rows (name text, hash text, imported boolean)`,
    [JSON.stringify(rows)]
  )
  await query(databaseUrl, 'ANALYZE users')
}

/** One after the other, in a random order; each name once. */
async function measure({ progress }: SuiteContext, url: string, samples: number): Promise<Measurement> {
  const times = { known: [] as number[], unknown: [] as number[] }
  const names = Array.from({ length: samples }, (_, at) => [
    { kind: 'known' as const, name: `known-${at}` },
    { kind: 'unknown' as const, name: `unknown-${at}` }
  ]).flat()
  for (let number = 0; number < 20; number++) await failSignIn(url, `warm-up-${number}`)
  for (const { kind, name } of shuffled(names)) {
    times[kind].push(await failSignIn(url, name))
    if (times[kind].length % 250 === 0) progress(`${times[kind].length} ${kind} names`)
  }
  return {
    name: 'failed sign-ins, known and unknown names',
    figures: {
      area_under_curve: round(areaUnderCurve(times.known, times.unknown)),
      known_ms: round(median(times.known)),
      unknown_ms: round(median(times.unknown))
    },
    goal: { figure: 'area_under_curve', atMost: 0.55 },
    note: `the share of pairs in which one kind of name takes longer than the other: 0.5 tells nothing. ${samples.toLocaleString('en')} names of each kind, each tried once, one after the other over loopback`
  }
}

async function failSignIn(url: string, username: string): Promise<number> {
  const begin = performance.now()
  const { status } = await post(`${url}/auth/login`, { username, password: 'a wrong password' })
  if (status !== 401) throw new Error(`${username} was answered ${status}`)
  return performance.now() - begin
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ item }) => item)
}
