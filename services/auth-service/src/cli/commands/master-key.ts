import type { Command } from 'commander'
import type { CommandContext, CommandResult, Perform } from '../command.ts'

/** `countersign master-key …` */
export function addMasterKey(program: Command, perform: Perform): void {
  const masterKey = program.command('master-key').description('the key that seals the signing keys')

  masterKey
    .command('re-encrypt')
    .description('encrypt with the current master key what older ones encrypted')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL and COUNTERSIGN_MASTER_KEY with all master keys in use, the current one first.\n' +
        'Each start of the auth-service reseals the signing keys, too; the seeds of authenticator apps and\n' +
        'the secrets of providers only this command does. Give the new master key to all replicas before: one that does not have it could\n' +
        'not open them any more.'
    )
    .action(() => perform(reencrypt))
}

async function reencrypt({ parts }: CommandContext): Promise<CommandResult> {
  const { administration, requireMasterKey, resealSeeds, resealProviders } = await parts.openKeys()
  await requireMasterKey()
  const kids = await administration.reencrypt()
  const seeds = await resealSeeds()
  const providers = await resealProviders()
  const keyText =
    kids.length === 0
      ? 'All signing keys are sealed under the current master key.'
      : `Encrypted with the current master key:\n${kids.join('\n')}`
  return {
    document: { reencrypted: kids, reencrypted_seeds: seeds, reencrypted_providers: providers },
    text: [
      keyText,
      ...(seeds === 0 ? [] : [`And the seeds of ${seeds} authenticator apps.`]),
      ...(providers === 0 ? [] : [`And the secrets of ${providers} providers.`])
    ].join('\n')
  }
}
