import type { Command } from 'commander'
import { acceptPosition, endWhatWasRestored, type RestoreReport } from '../after-restore.ts'
import { publicationHelp } from '../announcement.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { textOfEnded } from '../end-sessions.ts'
import { UsageError } from '../failures.ts'

interface Options {
  readonly yes?: true
  readonly keepSessions?: true
}

/** `countersign after-restore` */
export function addAfterRestore(program: Command, perform: Perform): void {
  program
    .command('after-restore')
    .description('end what lives again after a database was restored from an older dump')
    .option('--yes', 'do it: everybody has to sign in again')
    .option('--keep-sessions', 'end nothing, and go on with the database as it is')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL and COUNTERSIGN_MASTER_KEY, and REDIS_URL if the services have one.\n' +
        'Revokes the signing keys, ends all sessions and all tokens of clients, and takes away the secrets of clients, which need\n' +
        'new ones. What it cannot know: passwords, roles and users that were changed after the dump are as they were then.\n' +
        'Run it before the services are started, or while they run; it may be run again.\n' +
        publicationHelp
    )
    .action((options: Options) => perform((context) => afterRestore(context, options)))
}

async function afterRestore({ parts, note }: CommandContext, options: Options): Promise<CommandResult> {
  if (options.yes && options.keepSessions) throw new UsageError('Give --yes or --keep-sessions, and not both.')
  if (!options.yes && !options.keepSessions) {
    throw new UsageError('It ends every session and takes away the secrets of clients. Give --yes to do that.')
  }
  const restore = await parts.openRestore()
  if (options.keepSessions) {
    await acceptPosition(restore)
    return {
      document: { kept: true },
      text: 'The services go on with the database as it is. Sessions that were ended after the dump live again.'
    }
  }
  await restore.requireMasterKey()
  const report = await endWhatWasRestored(restore, note)
  return { document: toDocument(report), text: textOf(report) }
}

function toDocument({ keys, sessions, clients, clientsWithoutSecret, published }: RestoreReport) {
  return {
    keys_revoked: keys,
    sessions_ended: sessions,
    clients_ended: clients,
    clients_without_secret: clientsWithoutSecret,
    published
  }
}

function textOf({ keys, sessions, clients, clientsWithoutSecret }: RestoreReport): string {
  return [
    `${keys.length} signing keys are revoked. ${textOfEnded(sessions)} The tokens of ${clients} clients have ended.`,
    ...(clientsWithoutSecret.length === 0
      ? []
      : [`These clients need a new secret (countersign clients rotate-secret): ${clientsWithoutSecret.join(', ')}`]),
    'Passwords, roles and users that were changed after the dump are as they were then: look at them, and change them again.'
  ].join('\n')
}
