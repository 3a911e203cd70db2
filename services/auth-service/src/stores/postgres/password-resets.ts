import type { PasswordResets } from '../../accounts/password-resets.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { languageOf } from './mail-outbox.ts'
import { consumeSecret, lockOwner, type MailCause } from './one-time-secrets.ts'
import { createPrismaRequestedMail } from './requested-mail.ts'
import { databaseNow } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'

const purpose = 'password_reset'

export function createPrismaPasswordResets(database: Database, cause: MailCause): PasswordResets {
  return {
    ...createPrismaRequestedMail(database, cause, {
      table: 'password_reset_requests',
      purpose,
      type: 'password_reset.requested'
    }),

    confirm: ({ proof, newPasswordHash, language, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // Everything else locks the user first, too.
          await lockOwner(transaction, purpose, proof)
          const consumed = await consumeSecret(transaction, purpose, proof)
          if (!consumed) return undefined
          const { userId, address } = consumed
          // As for a change of the password: first the user's row, then the families. The new version voids all other secrets.
          const [user] = await transaction.$queryRaw<{ username: string; language: string | null }[]>`
            UPDATE users SET password_hash = ${newPasswordHash}, imported_password_hash = NULL, password_set_at = ${databaseNow},
              credentials_version = credentials_version + 1
            WHERE id = ${userId}::uuid RETURNING username, language`
          if (!user) return undefined
          await recordAuditEvent(transaction, { type: 'password.reset', userId, origin })
          await cause.writeMail(transaction, {
            userId,
            recipient: address,
            template: 'password_changed',
            language: languageOf(user.language, language),
            username: user.username
          })
          return endGroup(transaction, { userId }, { reason: 'password_changed' })
        })
      )
  }
}
