import type { Command } from 'commander'
import type { CommandContext, CommandResult, Perform } from '../command.ts'

/** `countersign migrate` */
export function addMigrate(program: Command, perform: Perform): void {
  program
    .command('migrate')
    .description('migrate the database to the schema of this version')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL, of a user that may create tables. Safe to run by several at once, and again.'
    )
    .action(() => perform(migrate))
}

async function migrate({ parts, note }: CommandContext): Promise<CommandResult> {
  const applied = await parts.migrate(note)
  return {
    document: { applied },
    text: applied.length === 0 ? 'The database is up to date.' : 'The database is migrated.'
  }
}
