import { showSourcesInStackTraces } from '@countersign/service-kit'
import { runCommandLine } from './command-line.ts'

showSourcesInStackTraces()

// A closed pipe, as after `| head`, accepts no more lines, and must not keep the command from ending.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const exitCode = await runCommandLine(process.argv.slice(2), {
  environment: async () => process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr
})
// Once all output is written. What is still being closed must not keep a script waiting.
process.stdout.write('', () => process.exit(exitCode))
