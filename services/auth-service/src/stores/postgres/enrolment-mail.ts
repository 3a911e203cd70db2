import { isMailable } from '../../accounts/email-addresses.ts'
import type { EnrolmentMail } from '../../sign-in/enrolment-mail.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { gotEnoughMail, languageOf } from './mail-outbox.ts'
import { consumeSecret, type MailCause, mailSecret } from './one-time-secrets.ts'
import { databaseNow } from './revocation-entries.ts'

const purpose = 'factor_enrolment'

export function createPrismaEnrolmentMail(database: Database, cause: MailCause): EnrolmentMail {
  return {
    request: ({ userId, flowHash, language }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const [user] = await transaction.$queryRaw<{ username: string; email: string; language: string | null }[]>`
            SELECT username, email, language FROM users
            WHERE id = ${userId}::uuid AND disabled_at IS NULL AND email_verified_at IS NOT NULL FOR NO KEY UPDATE`
          if (!user || !isMailable(user.email)) return 'no_address'
          const { username, email } = user
          if (await gotEnoughMail(transaction, { recipient: email, template: purpose, username })) return 'too_many'
          const owner = { id: userId, username, email }
          await mailSecret(transaction, cause, {
            user: owner,
            purpose,
            flowHash,
            language: languageOf(user.language, language)
          })
          return 'requested'
        })
      ),
    confirm: ({ flowHash, proof }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const consumed = await consumeSecret(transaction, purpose, proof)
          if (!consumed) return false
          const proven = await transaction.$executeRaw`
            UPDATE sign_in_flows SET has_proven_mailbox = true
            WHERE flow_hash = ${flowHash} AND user_id = ${consumed.userId}::uuid AND expires_at > ${databaseNow}`
          return proven > 0
        })
      )
  }
}
