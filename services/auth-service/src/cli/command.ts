import type { CliDependencies } from './cli-dependencies.ts'

/** What a command has to say when it is done. */
export interface CommandResult {
  /** For scripts, with `--json`. */
  readonly document: Readonly<Record<string, unknown>>
  /** For people. */
  readonly text: string
}

/** What a command works in. */
export interface CommandContext {
  readonly parts: CliDependencies
  /** Says something beside the result, on standard error. */
  note(line: string): void
  /** The password that was asked to be read from standard input. */
  readPassword(): Promise<string>
}

/** Runs a command's work; given to each command where the program is built. */
export type Perform = (work: (context: CommandContext) => Promise<CommandResult>) => Promise<void>
