import type { RestoredSecrets } from '../../accounts/one-time-secrets.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { databaseNow } from './revocation-entries.ts'

/** What mails carried, what users allowed apps, and their deletions, in a database that was restored. */
export function createPrismaRestoredSecrets(database: Database): RestoredSecrets {
  return {
    postponeDeletions: () =>
      orUnavailable(
        database.$executeRaw`
          UPDATE users SET deletion_requested_at = moment.now, deletion_at = moment.now + (deletion_at - deletion_requested_at)
          FROM (SELECT ${databaseNow} AS now) moment WHERE deletion_at IS NOT NULL`
      ),
    voidAll: () =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await transaction.$executeRaw`
            UPDATE mail_outbox SET
              dead_at = CASE WHEN has_secret THEN ${databaseNow} END,
              last_error = CASE WHEN has_secret THEN 'the database was restored' ELSE last_error END,
              sealed_secret = NULL, claimed_until = NULL, may_be_duplicate = true
            WHERE delivered_at IS NULL AND dead_at IS NULL`
          await transaction.$executeRaw`DELETE FROM password_reset_requests`
          await transaction.$executeRaw`DELETE FROM mail_sign_in_requests`
          await transaction.$executeRaw`DELETE FROM sign_in_flows`
          await transaction.$executeRaw`DELETE FROM totp_enrolments`
          await transaction.$executeRaw`DELETE FROM passkey_challenges`
          await transaction.$executeRaw`DELETE FROM trusted_devices`
          await transaction.$executeRaw`DELETE FROM provider_transactions`
          await transaction.$executeRaw`DELETE FROM authorization_requests`
          await transaction.$executeRaw`DELETE FROM authorization_codes WHERE used_at IS NULL`
          // Some may have been taken back since: users are asked again.
          await transaction.$executeRaw`DELETE FROM consents`
          // They stay, to be sent again: one that was withdrawn or accepted since is there again.
          const invitations = await transaction.$executeRaw`
            UPDATE invitations SET expires_at = ${databaseNow} WHERE expires_at > ${databaseNow}`
          return invitations + (await transaction.$executeRaw`DELETE FROM one_time_secrets`)
        })
      )
  }
}
