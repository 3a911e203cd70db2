import { setTimeout as delay } from 'node:timers/promises'
import type { OneTimeSecrets, ProvenUser, SecretProof, SecretPurpose } from '../accounts/one-time-secrets.ts'
import type { Bytes } from '../hashes.ts'
import type { AttemptCounters } from './attempt-counters.ts'
import { refundUnlessFailed } from './request-limits.ts'

/** Tries with mailed codes of every kind, for one account. */
const triesPerHour = 10
/** How long checking an invalid code takes, whatever the reason: longer than the work. */
const rejectionMilliseconds = 300

export interface MailedSecretDeps {
  secrets: OneTimeSecrets
  counters: AttemptCounters
}

/**
 * Checks a link or a code, without consuming it. A try with a code is counted first; once those of the account are used up, codes
 * are closed for the rest of the hour, and links are not. A valid code uses nothing up, whatever becomes of it then, and one that could
 * not be checked uses up nothing of the account. The response is the same for each reason, since it must not tell who has an account.
 * @param onWrongCode is called when a code was compared with that of this user, and was another one
 */
export async function proveMailedSecret(
  { secrets, counters }: MailedSecretDeps,
  purpose: SecretPurpose,
  proof: SecretProof,
  onWrongCode?: (userId: string) => Promise<void>
): Promise<ProvenUser | undefined> {
  if (proof.kind === 'link') return secrets.find(purpose, proof)
  // Only for an account that exists a try is stored and counted, which takes longer.
  const rejection = delay(rejectionMilliseconds)
  const user = await tryCode(proof.flowHash)
  if (!user) await rejection
  return user

  async function tryCode(flowHash: Bytes): Promise<ProvenUser | undefined> {
    const userId = await secrets.countTry(purpose, flowHash)
    if (userId === undefined) return undefined
    const budget = { name: 'mailed_code', key: userId, limit: triesPerHour, windowSeconds: 3600 }
    if ((await counters.charge([budget])).length > 0) return undefined
    const user = await refundUnlessFailed(counters, [budget], () => secrets.find(purpose, proof))
    if (user) await secrets.refundTry(purpose, flowHash)
    else await onWrongCode?.(userId)
    return user
  }
}
