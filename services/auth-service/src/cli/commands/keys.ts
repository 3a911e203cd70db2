import type { Command } from 'commander'
import type { KeyOverview } from '../../keys/signing-key-administration.ts'
import { keyChangeBody, keysOnWire } from '../../wire/keys.ts'
import { publicationHelp } from '../announcement.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { RefusedError } from '../failures.ts'
import { parseOption } from '../options.ts'
import { textMoment, textTable } from '../text-table.ts'

const needs = '\nNeeds DATABASE_URL and COUNTERSIGN_MASTER_KEY.'

/** `countersign keys …` */
export function addKeys(program: Command, perform: Perform): void {
  const keys = program.command('keys').description('the signing keys')

  keys
    .command('list')
    .description('the keys, and when the next one signs')
    .addHelpText('after', needs)
    .action(() => perform(list))

  keys
    .command('rotate')
    .description('let the next key sign from now on')
    .option('--reason <text>', 'why, for the audit log', 'command line')
    .addHelpText(
      'after',
      `${needs} The old key stays published until the tokens it signed have expired, so no token is rejected.\n` +
        'Refused with exit code 3 while some verifiers may not know the next key yet.'
    )
    .action(({ reason }: { reason: string }) => perform((context) => rotate(context, reason)))

  keys
    .command('revoke')
    // Its name in 0.1, for one version.
    .alias('pull')
    .description('revoke a key that may have leaked, at once and permanently')
    .argument('<kid>', 'the key, as "countersign keys list" names it')
    .option('--reason <text>', 'why, for the audit log', 'command line')
    .addHelpText(
      'after',
      `${needs} Every access token that the key signed is rejected at once, everywhere. Users stay signed in: their\n` +
        'clients refresh. If the key signs, the next one signs in its place. There is no confirmation, and it cannot be undone.\n' +
        publicationHelp
    )
    .action((kid: string, { reason }: { reason: string }) => perform((context) => revoke(context, kid, reason)))
}

async function list({ parts }: CommandContext): Promise<CommandResult> {
  const { administration } = await parts.openKeys()
  const overview = await administration.overview()
  return { document: keysOnWire(overview), text: textOf(overview) }
}

async function rotate({ parts }: CommandContext, reasonGiven: string): Promise<CommandResult> {
  const reason = parseReason(reasonGiven)
  const { administration, requireMasterKey } = await parts.openKeys()
  await requireMasterKey()
  const result = await administration.rotate({ reason })
  switch (result.outcome) {
    case 'rotated':
      return { document: { kid: result.kid }, text: `The key ${result.kid} signs from now on.` }
    case 'too_early':
      throw new RefusedError(
        'rotation_too_early',
        `The next key was published too recently. It may sign from ${textMoment(result.possibleAt)}.`,
        { rotation_possible_at: result.possibleAt.toISOString() }
      )
    case 'too_many_keys':
      throw new RefusedError('too_many_keys', 'Too many keys are still published. Rotate again when some are removed.')
    case 'next_key_unusable':
      throw new RefusedError('next_key_unusable', 'The next key cannot be opened. Revoke it, and another is created.')
    case 'not_an_admin':
      throw operatorNeedsNoRole()
  }
}

async function revoke({ parts }: CommandContext, kid: string, reasonGiven: string): Promise<CommandResult> {
  const reason = parseReason(reasonGiven)
  const { administration, requireMasterKey } = await parts.openKeys()
  await requireMasterKey()
  const result = await administration.revoke(kid, { reason })
  switch (result.outcome) {
    case 'revoked':
      return textOfRevocation(kid, result.published)
    case 'unknown':
      throw new RefusedError('key_not_found', 'There is no key with this kid. See: countersign keys list')
    case 'already_revoked':
      // After a lost response, run it again: the running auth-service publishes what was left unpublished.
      return { document: { kid, published: true }, text: `The key ${kid} was revoked before.` }
    case 'not_an_admin':
      throw operatorNeedsNoRole()
  }
}

function textOfRevocation(kid: string, published: boolean): CommandResult {
  const text = published
    ? `The key ${kid} is revoked, with every token that it signed.`
    : `The key ${kid} is revoked. Verifiers accept its tokens until that is published.`
  return { document: { kid, published }, text }
}

function parseReason(text: string): string {
  return parseOption(keyChangeBody.shape.reason, text, '--reason') ?? text
}

function operatorNeedsNoRole(): Error {
  return new TypeError('A change without an actor is never refused for a role.')
}

function textOf({ keys, nextRotationAt, rotationPossibleAt }: KeyOverview): string {
  const rows = keys.map(({ kid, state, createdAt, signsFrom, retiredAt, revokedAt }) => [
    kid,
    state,
    textMoment(createdAt),
    textMoment(signsFrom),
    textMoment(revokedAt ?? retiredAt)
  ])
  const next =
    nextRotationAt === null
      ? 'There is no next key yet: the running auth-service publishes one.'
      : `The next key may sign from ${textMoment(rotationPossibleAt)}, and will from ${textMoment(nextRotationAt)}.`
  return `${textTable([['KID', 'STATE', 'PUBLISHED', 'SIGNS FROM', 'ENDED'], ...rows])}\n\n${next}`
}
