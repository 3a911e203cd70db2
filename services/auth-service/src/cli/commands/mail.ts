import type { Command } from 'commander'
import type { DeadMail } from '../../mail/mail-outbox.ts'
import { deadMailOnWire, deadMailQuery, mailId } from '../../wire/mail.ts'
import { decodePlace, encodePlace } from '../../wire/pages.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { RefusedError } from '../failures.ts'
import { parseOption } from '../options.ts'
import { moreLine, textMoment, textTable } from '../text-table.ts'

interface ListOptions {
  limit?: string
  cursor?: string
}

/** `countersign mail …` */
export function addMail(program: Command, perform: Perform): void {
  const mail = program.command('mail').description('mail that was given up')

  mail
    .command('list')
    .description('the undeliverable mail, the latest first')
    .option('--limit <count>', 'how many, 1 to 100', '20')
    .option('--cursor <cursor>', 'where to continue: the cursor that the page before shows')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL. The reason is the error code of the mail client and the status of the mail server.'
    )
    .action((options: ListOptions) => perform((context) => list(context, options)))

  mail
    .command('retry')
    .description('send an undeliverable mail again')
    .argument('<id>', 'the mail, as "countersign mail list" names it')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL. The running auth-service sends it within seconds, with the same Message-ID. Refused with exit\n' +
        'code 3 for a mail with a link or code: that was erased, and its user has to ask for another mail.'
    )
    .action((id: string) => perform((context) => retry(context, id)))
}

async function list({ parts }: CommandContext, { limit, cursor }: ListOptions): Promise<CommandResult> {
  const size = parseOption(deadMailQuery.shape.limit, limit, '--limit')
  const after = cursor === undefined ? undefined : decodePlace(cursor, mailId)
  const { mails, next } = await (await parts.openMail()).listDead({ after, limit: size })
  const nextCursor = next ? encodePlace(next) : null
  const document = { mails: mails.map(deadMailOnWire), next_cursor: nextCursor }
  return { document, text: tableOf(mails) + moreLine(nextCursor) }
}

async function retry({ parts }: CommandContext, id: string): Promise<CommandResult> {
  const parsed = mailId.safeParse(id)
  const outcome = parsed.success ? await (await parts.openMail()).retry(id, undefined) : 'unknown'
  switch (outcome) {
    case 'retried':
      return { document: { id }, text: `The mail ${id} is sent again.` }
    case 'secret_erased':
      throw new RefusedError('secret_erased', 'Its link and code were erased. Its user has to ask for another mail.')
    case 'unknown':
      throw new RefusedError('mail_not_found', 'No mail with this id was given up. See: countersign mail list')
    case 'not_an_admin':
      throw new TypeError('A change without an actor is never refused for a role.')
  }
}

function tableOf(mails: readonly DeadMail[]): string {
  if (mails.length === 0) return 'No mail was given up.'
  const rows = mails.map(({ id, recipient, template, deadAt, reason, canBeRetried }) => [
    id,
    recipient,
    template,
    textMoment(deadAt),
    reason,
    canBeRetried ? 'yes' : 'no'
  ])
  return textTable([['ID', 'RECIPIENT', 'TEMPLATE', 'GIVEN UP', 'REASON', 'RETRY'], ...rows])
}
