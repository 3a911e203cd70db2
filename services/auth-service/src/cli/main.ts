import { runCommandLine } from './command-line.ts'

// A closed pipe, as after `| head`, accepts no more lines, and must not keep the command from ending.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const exitCode = await runCommandLine(process.argv.slice(2), {
  environment: async () => process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr
})
// Needed: the migration engine leaves a timer of ten seconds behind. It runs once all output is written.
process.stdout.write('', () => process.exit(exitCode))
