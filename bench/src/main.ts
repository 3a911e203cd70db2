import { startPostgresContainer, startRedisContainer } from '@countersign/testing/containers'
import { growth } from './growth.ts'
import { type SuiteResult, toMarkdown, writeResults } from './report.ts'
import { revokeToReject } from './revoke-to-reject.ts'
import type { Suite } from './suite.ts'

const suites: readonly Suite[] = [revokeToReject, growth]

const help = `npm run bench [-- SUITE …]

Measures on containers of Postgres and Redis, so Docker is needed. Every ratio comes from one run, interleaved.
Prints Markdown, and writes bench/results.json and bench/results.md when all suites ran.

Suites:
${suites.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`).join('\n')}
`

async function main(names: string[]): Promise<void> {
  if (names.includes('--help')) {
    process.stdout.write(help)
    return
  }
  const unknown = names.filter((name) => !suites.some((suite) => suite.name === name))
  if (unknown.length > 0) throw new Error(`There is no suite ${unknown.join(', ')}.\n\n${help}`)
  const chosen = suites.filter(({ name }) => names.length === 0 || names.includes(name))

  process.stderr.write('Starting Postgres and Redis …\n')
  const postgres = await startPostgresContainer()
  const redis = await startRedisContainer()
  try {
    const results: SuiteResult[] = []
    for (const suite of chosen) {
      process.stderr.write(`${suite.name} …\n`)
      const progress = (message: string) => process.stderr.write(`  ${message}\n`)
      const measurements = await suite.run({ postgresUrl: postgres.url, redisUrl: redis.url, progress })
      results.push({ suite, measurements })
      process.stdout.write(`${toMarkdown({ suite, measurements })}\n`)
    }
    if (chosen.length === suites.length)
      writeResults(results, { settings: 'Postgres without fsync, Redis without persistence' })
  } finally {
    await redis.remove()
    await postgres.stop()
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
