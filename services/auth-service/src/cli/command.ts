import type { CliDependencies } from './cli-dependencies.ts'

/** The result of a command. */
export interface CommandResult {
  /** For scripts, with `--json`. */
  readonly document: Readonly<Record<string, unknown>>
  /** For people. */
  readonly text: string
}

/** What a command works with. */
export interface CommandContext {
  readonly parts: CliDependencies
  /** Prints a message beside the result, on standard error. */
  note(line: string): void
  /** The password read from standard input, if the command asked for it. */
  readPassword(): Promise<string>
}

/** Runs a command's work; passed to each command when the program is built. */
export type Perform = (work: (context: CommandContext) => Promise<CommandResult>) => Promise<void>
