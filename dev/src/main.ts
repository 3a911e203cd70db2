/** `npm start`: the trio in one process on loopback, over an embedded Postgres. */
import { resolve } from 'node:path'
import { MigrationError, SchemaError } from '@countersign/prisma'
import { StartError, showSourcesInStackTraces, withSecretFiles } from '@countersign/service-kit'
import { loadConfiguration } from './configuration.ts'
import { runStack } from './stack.ts'
import { watchParent, watchSignals } from './stop-requests.ts'

const environment = process.env
const stop = new AbortController()
const hurry = new AbortController()

showSourcesInStackTraces()

// A closed terminal accepts no more lines, and must not keep the stack from an orderly end.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

watchSignals(
  () => stop.abort(),
  () => hurry.abort()
)
process.on('uncaughtException', stopAfter)
process.on('unhandledRejection', stopAfter)

try {
  if (environment.npm_lifecycle_event === 'start') await watchParent(() => stop.abort())
  const settings = await withSecretFiles(environment, ['COUNTERSIGN_ADMIN_PASSWORD'])
  const configuration = loadConfiguration(settings, {
    projectRoot: resolve(import.meta.dirname, '..', '..'),
    workingDirectory: process.cwd()
  })
  await runStack(configuration, print, { stop: stop.signal, hurry: hurry.signal })
  print('Stopped.')
} catch (error) {
  report(error)
}
process.exit()

function stopAfter(error: unknown): void {
  report(error)
  stop.abort()
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function report(error: unknown): void {
  process.exitCode = 1
  const expected = [StartError, SchemaError, MigrationError]
  const isExpected = expected.some((type) => error instanceof type)
  const isDebugging = Boolean(environment.DEBUG)
  const text = error instanceof Error ? (isDebugging && error.stack) || error.message : String(error)
  const advice = isExpected || isDebugging ? '' : '\nSet DEBUG=1 to see where that happened.'
  process.stderr.write(`${text}${advice}\n`)
}
