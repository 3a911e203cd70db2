import type { EndedFamilies } from '../../sessions/refresh-token-families.ts'
import { recordAuditEvent } from './audit-events.ts'
import type { Queryable } from './database.ts'
import type { TellUser } from './mail-outbox.ts'
import { databaseNow } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'

export interface UserToDelete {
  readonly id: string
  /** In which the user has asked for it. */
  readonly language: string | null
}

export const deletedReason = 'user_deleted'

/**
 * Deletes a user whose row the transaction has locked `FOR UPDATE`, with sessions, secrets and mails. The denylist entries of the
 * sessions stay. The user gets a mail. Housekeeping removes from the audit log what it has about the user besides the id.
 *
 * With more sessions than end in one transaction, the user is disabled, and the deletion is due as soon as all of them have ended.
 */
export async function deleteUser(
  transaction: Queryable,
  { id, language }: UserToDelete,
  { tellUser, actorId }: { tellUser: TellUser; actorId?: string | undefined }
): Promise<EndedFamilies & { readonly isDeleted: boolean }> {
  const ended = await endGroup(transaction, { userId: id }, { reason: deletedReason, actorId })
  if (ended.endingId !== undefined) {
    await transaction.$executeRaw`
      UPDATE users SET disabled_at = coalesce(disabled_at, ${databaseNow}), deletion_requested_at = ${databaseNow}, deletion_at = ${databaseNow}
      WHERE id = ${id}::uuid`
    await recordAuditEvent(transaction, { type: 'user.disabled', userId: id, actorId })
    return { ...ended, isDeleted: false }
  }
  await recordAuditEvent(transaction, { type: 'user.deleted', userId: id, actorId })
  await transaction.$executeRaw`DELETE FROM mail_outbox WHERE user_id = ${id}::uuid`
  await tellUser(transaction, id, { template: 'account_deleted', language })
  await transaction.$executeRaw`INSERT INTO deleted_users (id) VALUES (${id}::uuid)`
  await transaction.$executeRaw`DELETE FROM users WHERE id = ${id}::uuid`
  return { ...ended, isDeleted: true }
}
