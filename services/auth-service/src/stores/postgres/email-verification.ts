import { emailKeyOf, isMailable } from '../../accounts/email-addresses.ts'
import type { EmailVerification } from '../../accounts/email-verification.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, isUniqueViolation, orUnavailable } from './database.ts'
import { gotMail, languageOf } from './mail-outbox.ts'
import { consumeSecret, type MailCause, mailSecret } from './one-time-secrets.ts'
import { databaseNow } from './revocation-entries.ts'

const purpose = 'email_verification'
/** To one address, for all accounts that name it; a user has a smaller limit. */
const mailsPerHour = 20

/** Undoes the transaction. */
class InvalidProof extends Error {}

export function createPrismaEmailVerification(database: Database, cause: MailCause): EmailVerification {
  return {
    request: ({ userId, flowHash, language }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // Locked, so that requests of one user take turns at the limit.
          const [user] = await transaction.$queryRaw<
            { username: string; email: string | null; language: string | null; is_verified: boolean }[]
          >`
            SELECT username, email, language, email_verified_at IS NOT NULL AS is_verified FROM users
            WHERE id = ${userId}::uuid AND disabled_at IS NULL FOR NO KEY UPDATE`
          if (!user || user.email === null) return 'no_address'
          if (user.is_verified) return 'already_verified'
          if (!isMailable(user.email)) return 'not_mailable'
          if (await gotMail(transaction, user.email, purpose, mailsPerHour)) return 'too_many'
          const owner = { id: userId, username: user.username, email: user.email }
          await mailSecret(transaction, cause, {
            user: owner,
            purpose,
            flowHash,
            language: languageOf(user.language, language)
          })
          return 'requested'
        })
      ),

    confirm: ({ userId, sessionId, proof, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // In the same order as above.
          await transaction.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
          const consumed = await consumeSecret(transaction, purpose, proof)
          if (consumed?.userId !== userId) throw new InvalidProof()
          const changed = await transaction.$executeRaw`
            UPDATE users SET email_verified_at = ${databaseNow}, email_key = ${emailKeyOf(consumed.address)}
            WHERE id = ${userId}::uuid AND email = ${consumed.address} AND email_verified_at IS NULL`
          if (changed === 0) throw new InvalidProof()
          await recordAuditEvent(transaction, { type: 'email.verified', userId, sessionId, origin })
          return 'verified' as const
        }).catch((error: unknown) => {
          if (error instanceof InvalidProof) return 'invalid' as const
          if (isUniqueViolation(error)) return 'taken' as const
          throw error
        })
      )
  }
}
