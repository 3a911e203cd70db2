import type { EndedFamilies } from '../../sessions/refresh-token-families.ts'
import { recordAuditEvent } from './audit-events.ts'
import type { Queryable } from './database.ts'
import { endFamilies, familiesOfUser } from './ending-families.ts'
import type { TellUser } from './mail-outbox.ts'

export interface UserToDelete {
  readonly id: string
  /** In which the user has asked for it. */
  readonly language: string | null
}

/**
 * Deletes a user whose row the transaction has locked `FOR UPDATE`, with sessions, secrets and mails. The denylist entries of the
 * sessions stay. The user is told by mail. Housekeeping removes from the audit log what it has about the user besides the id.
 */
export async function deleteUser(
  transaction: Queryable,
  { id, language }: UserToDelete,
  { tellUser, actorId }: { tellUser: TellUser; actorId?: string | undefined }
): Promise<EndedFamilies> {
  const ended = await endFamilies(transaction, { selection: familiesOfUser(id), reason: 'user_deleted', actorId })
  await recordAuditEvent(transaction, { type: 'user.deleted', userId: id, actorId })
  await transaction.$executeRaw`DELETE FROM mail_outbox WHERE user_id = ${id}::uuid`
  await tellUser(transaction, id, { template: 'account_deleted', language })
  await transaction.$executeRaw`INSERT INTO deleted_users (id) VALUES (${id}::uuid)`
  await transaction.$executeRaw`DELETE FROM users WHERE id = ${id}::uuid`
  return ended
}
