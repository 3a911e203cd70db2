/** The command line: what an operator does without the pages. */
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Environment } from '@countersign/service-kit'
import { Command, CommanderError, type OutputConfiguration } from 'commander'
import { createCliDependencies } from './cli-dependencies.ts'
import type { CommandResult, Perform } from './command.ts'
import { addAfterRestore } from './commands/after-restore.ts'
import { addApis } from './commands/apis.ts'
import { addApply } from './commands/apply.ts'
import { addClients } from './commands/clients.ts'
import { addDoctor } from './commands/doctor.ts'
import { addKeys } from './commands/keys.ts'
import { addMail } from './commands/mail.ts'
import { addMasterKey } from './commands/master-key.ts'
import { addMigrate } from './commands/migrate.ts'
import { addProviders } from './commands/providers.ts'
import { addRoles } from './commands/roles.ts'
import { addUsers } from './commands/users.ts'
import { exitCodes, toFailure, UsageError } from './failures.ts'
import { readPassword } from './password-input.ts'

export { UnreachableError } from './failures.ts'

/** What the program reads and writes; a process passes its own. */
export interface CliIo {
  /** Read only when a command needs it, so that help always works. */
  environment(): Promise<Environment>
  readonly stdin: Readable & { isTTY?: boolean }
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/**
 * Runs one command, and never throws.
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], io: CliIo): Promise<number> {
  const { stdout, stderr } = io
  const isJson = wantsJson(args)
  try {
    const result = await perform(args, io)
    if (result) stdout.write(isJson ? toLine(result.document) : `${result.text}\n`)
    return exitCodes.done
  } catch (error) {
    const { exitCode, error: code, description, members } = toFailure(error)
    if (isJson) stdout.write(toLine({ error: code, error_description: description, ...members }))
    else stderr.write(`${(error instanceof UsageError && error.advice) || description}\n`)
    if (exitCode === exitCodes.failed && (await isDebugging(io))) stderr.write(`${stackOf(error)}\n`)
    return exitCode
  }
}

/** @returns `undefined` when only help was requested */
async function perform(args: readonly string[], io: CliIo): Promise<CommandResult | undefined> {
  const { stdin, stdout, stderr } = io
  const note = (line: string) => stderr.write(`${line}\n`)
  const parts = createCliDependencies(io.environment, note)
  let result: CommandResult | undefined
  let complaint = ''
  const program = createProgram(
    async (work) => {
      result = await work({
        parts,
        note,
        readPassword: () => readPassword(stdin, (text) => stderr.write(text))
      })
    },
    {
      writeOut: (text) => stdout.write(text),
      writeErr(text) {
        complaint += text
      }
    }
  )
  try {
    await program.parseAsync(withOperandsLast(args), { from: 'user' })
    return result
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    const isHelp = error.code === 'commander.help'
    const message = isHelp ? 'A command is missing; --help names them.' : error.message.replace(/^error: /, '')
    throw new UsageError(message, complaint.trimEnd())
  } finally {
    await parts.close()
  }
}

/** The program with all its commands; `perform` gets the work of the command that is called. */
export function createProgram(perform: Perform, output: OutputConfiguration): Command {
  const program = new Command('countersign')
    .description('What an operator of Countersign does without the web.')
    .option('--json', 'print one JSON document, also for an error')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('--help', 'show what a command does')
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput(output)
    .showHelpAfterError('(--help shows more)')
    .exitOverride()
    .addHelpText('afterAll', exitCodesText)
  addDoctor(program, perform)
  addApply(program, perform)
  addMigrate(program, perform)
  addAfterRestore(program, perform)
  addKeys(program, perform)
  addMasterKey(program, perform)
  addUsers(program, perform)
  addApis(program, perform)
  addRoles(program, perform)
  addClients(program, perform)
  addProviders(program, perform)
  addMail(program, perform)
  return program
}

const exitCodesText = `
Exit codes: 0 done; 1 failed unexpectedly; 2 wrong usage or configuration; 3 refused, since the state
does not allow it; 4 the database, or what else is needed, cannot be reached. Each variable named *_URL
or *_KEY may come as a file: DATABASE_URL_FILE.`

/** Searched in the arguments themselves, so that usage errors are JSON, too. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).includes('--json')
}

/**
 * Puts kids that begin with a dash behind `--`. One kid in 64 does, no option has 43 characters, and nobody should have to
 * know this in an emergency.
 */
function withOperandsLast(args: readonly string[]): string[] {
  if (args.includes('--')) return [...args]
  const kids = args.filter(isDashedKid)
  return kids.length === 0 ? [...args] : [...args.filter((arg) => !isDashedKid(arg)), '--', ...kids]
}

function isDashedKid(arg: string): boolean {
  return /^-[\w-]{42}$/.test(arg)
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}

async function isDebugging({ environment }: CliIo): Promise<boolean> {
  return Boolean((await environment().catch(() => undefined))?.DEBUG)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? String(error.stack) : typeof error
}

function toLine(document: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(document)}\n`
}
