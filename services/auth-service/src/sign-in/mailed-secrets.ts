import type { OneTimeSecrets, ProvenUser, SecretProof, SecretPurpose } from '../accounts/one-time-secrets.ts'
import type { AttemptCounters } from './attempt-counters.ts'

/** Tries with mailed codes of every kind, for one account. */
const triesPerHour = 10

export interface MailedSecretDeps {
  secrets: OneTimeSecrets
  counters: AttemptCounters
}

/**
 * Checks a link or a code, without consuming it. A try with a code is counted first; once those of the account are used up, codes
 * are closed for the rest of the hour, and links are not. The response is the same for each reason, since it must not tell who has
 * an account.
 */
export async function proveMailedSecret(
  { secrets, counters }: MailedSecretDeps,
  purpose: SecretPurpose,
  proof: SecretProof
): Promise<ProvenUser | undefined> {
  if (proof.kind === 'link') return secrets.find(purpose, proof)
  const userId = await secrets.countTry(purpose, proof.flowHash)
  if (userId === undefined) return undefined
  const budget = { name: 'mailed_code', key: userId, limit: triesPerHour, windowSeconds: 3600 }
  return (await counters.charge([budget])).length > 0 ? undefined : secrets.find(purpose, proof)
}
