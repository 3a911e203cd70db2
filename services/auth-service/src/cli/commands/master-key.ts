import type { Command } from 'commander'
import type { CommandContext, CommandResult, Perform } from '../command.ts'

/** `countersign master-key …` */
export function addMasterKey(program: Command, perform: Perform): void {
  const masterKey = program.command('master-key').description('the key that seals the signing keys')

  masterKey
    .command('re-encrypt')
    .description('reseal, under the current master key, what older ones sealed')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL and COUNTERSIGN_MASTER_KEY with all master keys in use, the current one first.\n' +
        'Each start of the auth-service does the same. Give the new master key to all replicas before:\n' +
        'one that does not have it could not open the signing keys any more.'
    )
    .action(() => perform(reencrypt))
}

async function reencrypt({ parts }: CommandContext): Promise<CommandResult> {
  const { administration, requireMasterKey } = await parts.openKeys()
  await requireMasterKey()
  const kids = await administration.reencrypt()
  return {
    document: { reencrypted: kids },
    text:
      kids.length === 0
        ? 'All signing keys are sealed under the current master key.'
        : `Resealed under the current master key:\n${kids.join('\n')}`
  }
}
