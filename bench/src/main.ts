import { parseArgs } from 'node:util'
import { findDocker, startPostgresContainer, startRedisContainer } from '@countersign/testing/containers'
import { createClient } from 'redis'
import { clientCredentials } from './client-credentials/index.ts'
import { codeSignIns } from './code-sign-in/index.ts'
import { growth } from './growth/index.ts'
import { logoutToReceiver } from './logout-to-receiver/index.ts'
import { describeMachine } from './machine.ts'
import { protectedRoute } from './protected-route/index.ts'
import { refresh } from './refresh/index.ts'
import { suiteToMarkdown } from './report.ts'
import { readRecords, writeRecords } from './results.ts'
import { revokeToReject } from './revoke-to-reject/index.ts'
import { signIns } from './sign-in/index.ts'
import { startUp } from './start-up/index.ts'
import type { Suite, SuiteContext } from './suite.ts'
import { replaceRecord, type SuiteRecord } from './suite-record.ts'
import { unknownNames } from './unknown-names/index.ts'

const suites: readonly Suite[] = [
  protectedRoute,
  refresh,
  clientCredentials,
  signIns,
  codeSignIns,
  unknownNames,
  revokeToReject,
  logoutToReceiver,
  growth,
  startUp
]

/** A suite that takes longer is stuck, in minutes. */
const suiteMinutes = 15

const help = `npm run bench [-- [--quick] SUITE …]

Measures on containers of Postgres and Redis, so Docker is needed. Every ratio comes from one run, interleaved. A line
that begins with A/A compares two that are the same: as far as it is from 1, others may be by chance. Prints Markdown,
and writes bench/results.json and bench/results.md: the parts of the suites that ran; those of the others stay.
On a machine that does nothing else, please. All suites take about 30 minutes.

Options:
  --quick   the smallest rounds, to see that everything works; its figures mean nothing, and are not written
  --help    this

Suites:
${suites.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`).join('\n')}
`

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean' }, quick: { type: 'boolean' } }
  })
  if (values.help) {
    process.stdout.write(help)
    return
  }
  const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name))
  if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(', ')}.\n\n${help}`)
  const chosen = suites.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  await onContainers(async (postgresUrl, redisUrl) => {
    for (const suite of chosen) await runSuite(suite, { postgresUrl, redisUrl, isQuick: values.quick === true })
  })
}

/** A failed suite keeps its old results, and lets the others run; a stuck one would disturb them. */
async function runSuite(suite: Suite, given: Omit<SuiteContext, 'progress'>): Promise<void> {
  const begin = performance.now()
  const seconds = () => `${Math.round((performance.now() - begin) / 1000)} s`
  const progress = (message: string) => process.stderr.write(`  ${seconds().padStart(5)}  ${message}\n`)
  process.stderr.write(`${suite.name} …\n`)
  try {
    await empty(given.redisUrl)
    const outcome = await withinMinutes(suiteMinutes, suite.run({ ...given, progress }))
    const machine = await describeMachine(given.postgresUrl, given.redisUrl)
    const record: SuiteRecord = { name: suite.name, summary: suite.summary, machine, ...outcome }
    process.stdout.write(`${suiteToMarkdown(record)}\n`)
    if (!given.isQuick) writeRecords(replaceRecord(readRecords(), record, suites))
    process.stderr.write(`  done in ${seconds()}\n`)
  } catch (error) {
    process.stderr.write(`${suite.name} failed: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
    if (error instanceof Overdue) throw error
  }
}

async function onContainers(work: (postgresUrl: string, redisUrl: string) => Promise<void>): Promise<void> {
  const docker = await findDocker()
  if (!docker.isAvailable) throw new Error(`The benchmark needs Docker, but ${docker.reason}.`)
  process.stderr.write('Starting Postgres and Redis …\n')
  const removals: (() => Promise<void>)[] = []
  const removeAll = () => Promise.all(removals.splice(0).map((remove) => remove()))
  // Nothing else would remove the containers.
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const) {
    process.once(signal, () => {
      process.stderr.write('Removing the containers …\n')
      // What breaks because they go says nothing, and must not end this process before they are gone.
      process.on('uncaughtException', () => {})
      void removeAll().finally(() => process.exit(exitCode))
    })
  }
  try {
    const postgres = await startPostgresContainer()
    removals.push(postgres.stop)
    const redis = await startRedisContainer()
    removals.push(redis.remove)
    await work(postgres.url, redis.nearestUrl)
  } finally {
    await removeAll()
  }
}

async function empty(url: string): Promise<void> {
  const client = createClient({ url })
  await client.connect()
  await client.flushAll()
  client.destroy()
}

class Overdue extends Error {}

async function withinMinutes<T>(minutes: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Overdue(`it took more than ${minutes} minutes`)), minutes * 60_000)
  })
  return Promise.race([work, overdue]).finally(() => clearTimeout(timer))
}

main(process.argv.slice(2)).then(
  // A failed suite may have left something open.
  () => process.exitCode && process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
)
