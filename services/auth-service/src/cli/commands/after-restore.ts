import type { Command } from 'commander'
import { acceptDatabase, endWhatWasRestored, type RestoreReport } from '../after-restore.ts'
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
    .description('revoke what became valid again when a database was restored from an older dump')
    .option('--yes', 'do it: everybody has to sign in again')
    .option('--keep-sessions', 'end nothing, and continue with the database as it is')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL and COUNTERSIGN_MASTER_KEY, and REDIS_URL if the services have one.\n' +
        'Revokes the signing keys, ends all sessions and all tokens of clients, voids links and codes that were mailed, takes back what\n' +
        'users have allowed apps, so that they are asked again, begins the periods of grace of pending deletions again,\n' +
        'takes away the secrets of clients, which need new ones, and disables\n' +
        'clients that authenticate with keys, until somebody has looked at those. What it cannot know: passwords, roles, users, and\n' +
        'rights of clients that were changed after the dump are as they were then.\n' +
        'Run it before the services are started, or while they run: they accept no requests until it is done. It may be run again.\n' +
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
    if (!restore.publisher) throw new UsageError('It needs REDIS_URL: what is to be accepted is kept there.')
    await acceptDatabase(restore, 'The services stay closed.')
    return {
      document: { kept: true },
      text: 'The services continue with the database as it is. Sessions that were ended after the dump are live again.'
    }
  }
  await restore.requireMasterKey()
  const report = await endWhatWasRestored(restore, note)
  if (!restore.publisher) note('This command has no REDIS_URL. If the services have one, run it again with it.')
  return { document: toDocument(report), text: textOf(report) }
}

function toDocument(report: RestoreReport) {
  return {
    data_until: report.dataUntil?.toISOString() ?? null,
    keys_revoked: report.keys,
    sessions_ended: report.sessions,
    mailed_secrets_voided: report.mailedSecrets,
    deletions_postponed: report.deletionsPostponed,
    clients_ended: report.clients,
    clients_without_secret: report.clientsWithoutSecret,
    clients_disabled: report.clientsDisabled,
    published: report.published
  }
}

function textOf(report: RestoreReport): string {
  const { keys, clients, clientsWithoutSecret, clientsDisabled, dataUntil } = report
  const since = dataUntil ? `after ${dataUntil.toISOString()}` : 'after the dump'
  return [
    `${keys.length} signing keys are revoked. ${textOfEnded(report.sessions)} The tokens of ${clients} clients have ended.`,
    `${report.mailedSecrets} links and codes that were mailed are void.`,
    `${report.deletionsPostponed} users had asked to be deleted, and may have given that up since: they keep their accounts by signing in.`,
    ...listed(clientsWithoutSecret, 'These clients need a new secret (countersign clients rotate-secret)'),
    ...listed(
      clientsDisabled,
      'These clients are disabled; look at their keys, and enable them (countersign clients enable)'
    ),
    `Passwords, roles, users, and rights of clients that were changed ${since} are as they were then: look at them, and change them again.`
  ].join('\n')
}

function listed(ids: readonly string[], sentence: string): string[] {
  return ids.length === 0 ? [] : [`${sentence}: ${ids.join(', ')}`]
}
