import { runCommandLine } from './command-line.ts'

// A pipe that was closed, as by `| head`, takes no more lines, and must not keep the command from its end.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

const exitCode = await runCommandLine(process.argv.slice(2), {
  environment: async () => process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr
})
// Not by itself: the migration engine leaves a timer of ten seconds behind. Once all is written.
process.stdout.write('', () => process.exit(exitCode))
