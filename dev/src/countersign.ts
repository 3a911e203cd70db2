/** `npm run countersign`: the command line, on the database that the environment names or that `npm start` runs. */
import { resolve } from 'node:path'
import { runCommandLine, UnreachableError } from '@countersign/auth-service/cli'
import { type Environment, showSourcesInStackTraces } from '@countersign/service-kit'
import { loadConfiguration } from './configuration.ts'
import { database, findRunningStack } from './data-folder.ts'
import { findEmbeddedPostgresUrl } from './embedded-postgres.ts'
import { publicUrls } from './services.ts'

showSourcesInStackTraces()

// A closed pipe, as after `| head`, accepts no more lines, and must not keep the command from ending.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const exitCode = await runCommandLine(process.argv.slice(2), {
  environment: () => completed(process.env),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr
})
// Needed: the migration engine leaves a timer of ten seconds behind. It runs once all output is written.
process.stdout.write('', () => process.exit(exitCode))

async function completed(environment: Environment): Promise<Environment> {
  if (environment.DATABASE_URL || environment.DATABASE_URL_FILE) return environment
  const { dataDir, ports } = loadConfiguration(environment, {
    projectRoot: resolve(import.meta.dirname, '..', '..'),
    workingDirectory: process.cwd()
  })
  const stack = await findRunningStack(dataDir)
  const databaseUrl = stack && (await findEmbeddedPostgresUrl(stack.postgresDir, database))
  if (databaseUrl === undefined) throw notRunning(dataDir)
  return {
    ...environment,
    ISSUER: publicUrls(ports)['auth-service'],
    DATABASE_URL: databaseUrl,
    COUNTERSIGN_MASTER_KEY: stack?.masterKey,
    COUNTERSIGN_MASTER_KEY_FILE: undefined,
    // Revocations go through the database: the stack has its denylist in memory.
    REDIS_URL: undefined,
    REDIS_URL_FILE: undefined
  }
}

function notRunning(dataDir: string): UnreachableError {
  return new UnreachableError(
    `No Countersign is running over the data folder ${dataDir}, and DATABASE_URL names no other database. Run "npm start" ` +
      'in another terminal, set COUNTERSIGN_DATA_DIR to the folder of one that runs, or set DATABASE_URL.'
  )
}
