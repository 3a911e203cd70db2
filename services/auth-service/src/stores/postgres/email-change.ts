import { Prisma } from '@countersign/prisma'
import { emailKeyOf, isMailable } from '../../accounts/email-addresses.ts'
import type { EmailChange, UndoOutcome } from '../../accounts/email-change.ts'
import { secretLifetimeSeconds } from '../../accounts/one-time-secrets.ts'
import type { Language } from '../../mail/mail.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, isUniqueViolation, orUnavailable, type Queryable } from './database.ts'
import { lockLiveSession } from './ending-families.ts'
import { gotEnoughMail, languageOf, type TellUser } from './mail-outbox.ts'
import { consumeSecret, lockOwner, type MailCause, mailSecret, putSecret } from './one-time-secrets.ts'
import { databaseNow, seconds } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'

const purpose = 'email_change'
const undoPurpose = 'email_undo'

/** Undoes the transaction. */
class InvalidProof extends Error {}

interface Owner {
  readonly username: string
  readonly email: string | null
  readonly language: string | null
  readonly is_verified: boolean
}

export function createPrismaEmailChange(
  database: Database,
  { codec, writeMail }: MailCause,
  tellUser: TellUser
): EmailChange {
  return {
    request: ({ userId, sessionId, email, flowHash, language }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // Locked, so that requests of one user take turns at the limit.
          if (!(await lockLiveSession(transaction, { userId, familyId: sessionId }))) return 'session_ended'
          const [user] = await transaction.$queryRaw<Owner[]>`
            SELECT username, email, language, email_verified_at IS NOT NULL AS is_verified FROM users
            WHERE id = ${userId}::uuid`
          if (!user) return 'session_ended'
          if (user.is_verified && user.email === email) return 'already_verified'
          if (await gotEnoughMail(transaction, { recipient: email, template: purpose, username: user.username }))
            return 'too_many'
          await mailSecret(
            transaction,
            { codec, writeMail },
            {
              user: { id: userId, username: user.username, email },
              purpose,
              flowHash,
              language: languageOf(user.language, language)
            }
          )
          return 'requested'
        })
      ),

    confirm: ({ userId, sessionId, proof, language, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // In the same order as above.
          const [before] = await transaction.$queryRaw<Owner[]>`
            SELECT username, email, language, email_verified_at IS NOT NULL AS is_verified FROM users
            WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
          const consumed = await consumeSecret(transaction, purpose, proof)
          if (!before || consumed?.userId !== userId) throw new InvalidProof()
          // The address is where a new password can be asked for: what was mailed to the one of before is void.
          await transaction.$executeRaw`
            UPDATE users SET email = ${consumed.address}, email_key = ${emailKeyOf(consumed.address)},
              email_verified_at = ${databaseNow}, credentials_version = credentials_version + 1
            WHERE id = ${userId}::uuid`
          await recordAuditEvent(transaction, { type: 'email.changed', userId, sessionId, origin })
          await tellFormerAddress(transaction, userId, before, consumed.address, language)
          return 'changed' as const
        })
      ).catch((error: unknown) => {
        if (error instanceof InvalidProof) return 'invalid' as const
        if (isUniqueViolation(error)) return 'taken' as const
        throw error
      }),

    undo: ({ proof, newPasswordHash, language, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction): Promise<UndoOutcome> => {
          // As for a reset: first the user's row, then the secret, then the families.
          await lockOwner(transaction, undoPurpose, proof)
          const consumed = await consumeSecret(transaction, undoPurpose, proof)
          if (!consumed) return { outcome: 'invalid' }
          const { userId, address } = consumed
          await transaction.$executeRaw`
            UPDATE users SET email = ${address}, email_key = ${emailKeyOf(address)}, email_verified_at = ${databaseNow},
              password_hash = ${newPasswordHash}, imported_password_hash = NULL, password_set_at = ${databaseNow},
              credentials_version = credentials_version + 1
            WHERE id = ${userId}::uuid`
          await removeWhatCameSince(transaction, userId)
          await recordAuditEvent(transaction, { type: 'email.change_undone', userId, origin })
          await tellUser(transaction, userId, { template: 'password_changed', language })
          return { outcome: 'undone', ...(await endGroup(transaction, { userId }, { reason: 'password_changed' })) }
        })
      ).catch((error: unknown) => {
        if (isUniqueViolation(error)) return { outcome: 'taken' }
        throw error
      })
  }

  /**
   * What was added since the change goes with it: a thief would sign in by it, or keep the owner out. Each is dated when it is written, not when
   * its transaction began, which may have waited for the change. Trusted devices are void by the new version of the credentials.
   */
  async function removeWhatCameSince(transaction: Queryable, userId: string): Promise<void> {
    const since = Prisma.sql`(SELECT expires_at - ${seconds(secretLifetimeSeconds[undoPurpose])} FROM one_time_secrets
      WHERE user_id = ${userId}::uuid AND purpose = ${undoPurpose})`
    for (const table of ['identities', 'passkeys', 'totp_factors']) {
      await transaction.$executeRaw`
        DELETE FROM ${Prisma.raw(table)} WHERE user_id = ${userId}::uuid AND created_at >= ${since}`
    }
    // When they were made is not kept: they may be the thief's.
    await transaction.$executeRaw`DELETE FROM recovery_codes WHERE user_id = ${userId}::uuid`
  }

  async function tellFormerAddress(
    transaction: Queryable,
    userId: string,
    { username, email, language: chosen, is_verified }: Owner,
    address: string,
    requested: Language
  ): Promise<void> {
    if (!is_verified || email === null || !isMailable(email) || emailKeyOf(email) === emailKeyOf(address)) return
    const notice = { userId, recipient: email, language: languageOf(chosen, requested), username }
    const { secret, stored } = codec.newSecret(undoPurpose, undefined)
    // While a change can be undone, a later one cannot: or a thief would change the address twice.
    if (await putSecret(transaction, { userId, purpose: undoPurpose, address: email, stored, keepsOlder: true })) {
      const lifetimeSeconds = secretLifetimeSeconds[undoPurpose]
      await writeMail(transaction, { ...notice, template: 'email_changed', secret: { value: secret, lifetimeSeconds } })
    } else {
      await writeMail(transaction, { ...notice, template: 'email_changed_again' })
    }
  }
}
