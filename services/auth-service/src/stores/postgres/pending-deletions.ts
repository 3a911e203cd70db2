import { Prisma } from '@countersign/prisma'
import type {
  AccountDeletion,
  DeletionOutcome,
  DeletionRequest,
  PendingDeletions
} from '../../accounts/account-deletion.ts'
import type { ClientInfo } from '../../client-info.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { deletedReason, deleteUser, type UserToDelete } from './deleting-users.ts'
import { isEnding, lockLiveSession } from './ending-families.ts'
import type { TellUser } from './mail-outbox.ts'
import { databaseNow } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'
import { administers, LastAdminError, lockUserAdministration, requireAnotherAdmin } from './user-roles.ts'

const reason = 'deletion_requested'

export interface DeletionOptions {
  readonly tellUser: TellUser
  /** 0 deletes at once. */
  readonly accountDeletionDays: number
}

/**
 * The user `u` has signed in after asking for the deletion: at a version that did not know of it, since this one forgets the deletion with the
 * sign-in. Sessions that the request itself ended may have begun in the same millisecond.
 */
const hasReturned = Prisma.sql`EXISTS (
  SELECT FROM refresh_token_families f
  WHERE f.user_id = u.id AND f.created_at >= u.deletion_requested_at AND coalesce(f.revoked_reason, '') NOT IN (${reason}, ${deletedReason})
    AND NOT ${isEnding})`

interface LeavingUser extends UserToDelete {
  readonly roles: readonly string[]
  readonly disabled_at: Date | null
  readonly deletion_at: Date | null
}

export function createPrismaAccountDeletion(database: Database, options: DeletionOptions): AccountDeletion {
  return {
    async request(request) {
      try {
        return await orUnavailable(
          inTransaction(database, (transaction) => requestDeletion(transaction, request, options))
        )
      } catch (error) {
        if (error instanceof LastAdminError) return { outcome: 'last_admin' }
        throw error
      }
    }
  }
}

async function requestDeletion(
  transaction: Queryable,
  { userId, sessionId, language, origin }: DeletionRequest,
  { tellUser, accountDeletionDays }: DeletionOptions
): Promise<DeletionOutcome> {
  await lockUserAdministration(transaction)
  if (!(await lockLiveSession(transaction, { userId, familyId: sessionId }))) return { outcome: 'session_ended' }
  // The user's row is locked first, then the families end: a sign-in either has its session ended here, or it comes later and ends the
  // deletion.
  const [user] = await transaction.$queryRaw<(LeavingUser & { deletion_at: Date })[]>`
    UPDATE users SET deletion_requested_at = moment.now, deletion_at = moment.now + make_interval(days => ${accountDeletionDays}::int),
      deletion_language = ${language}, credentials_version = credentials_version + 1
    FROM (SELECT ${databaseNow} AS now) moment
    WHERE id = ${userId}::uuid
    RETURNING id, roles, disabled_at, deletion_at, deletion_language AS language`
  if (!user) return { outcome: 'session_ended' }
  if (administers({ ...user, deletion_at: null })) await requireAnotherAdmin(transaction)
  const { deletion_at: deletionAt } = user
  await recordAuditEvent(transaction, {
    type: 'user.deletion_requested',
    userId,
    sessionId,
    origin,
    detail: { deletion_at: deletionAt.toISOString() }
  })
  if (accountDeletionDays === 0) {
    const { isDeleted: _, ...ended } = await deleteUser(transaction, user, { tellUser })
    return { outcome: 'requested', deletionAt, ...ended }
  }
  await tellUser(transaction, userId, { template: 'deletion_requested', language, until: deletionAt })
  const ended = await endGroup(transaction, { userId }, { reason })
  return { outcome: 'requested', deletionAt, ...ended }
}

/** Gives up the deletion of a user whose row the transaction has locked, if one is pending. */
export async function cancelDeletion(
  transaction: Queryable,
  tellUser: TellUser,
  { userId, sessionId, origin }: { userId: string; sessionId?: string; origin?: ClientInfo }
): Promise<void> {
  const [pending] = await transaction.$queryRaw<{ language: string | null }[]>`
    SELECT deletion_language AS language FROM users WHERE id = ${userId}::uuid AND deletion_at IS NOT NULL`
  if (!pending) return
  await transaction.$executeRaw`
    UPDATE users SET deletion_requested_at = NULL, deletion_at = NULL, deletion_language = NULL WHERE id = ${userId}::uuid`
  await recordAuditEvent(transaction, { type: 'user.deletion_cancelled', userId, sessionId, origin })
  await tellUser(transaction, userId, { template: 'account_kept', language: pending.language })
}

/** Locked rows are skipped: nobody waits for housekeeping. */
export function createPrismaPendingDeletions(database: Database, tellUser: TellUser): PendingDeletions {
  return {
    keepReturned: (limit) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const returned = await transaction.$queryRaw<{ id: string }[]>`
            SELECT u.id FROM users u WHERE u.deletion_at IS NOT NULL AND ${hasReturned}
            LIMIT ${limit} FOR NO KEY UPDATE SKIP LOCKED`
          for (const { id } of returned) await cancelDeletion(transaction, tellUser, { userId: id })
          return returned.length
        })
      ),
    settleDue: () =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const [user] = await transaction.$queryRaw<UserToDelete[]>`
            SELECT id, deletion_language AS language FROM users u WHERE deletion_at <= ${databaseNow}
              AND NOT EXISTS (SELECT FROM session_group_endings g WHERE g.user_id = u.id)
            ORDER BY deletion_at LIMIT 1 FOR UPDATE SKIP LOCKED`
          if (!user) return { isFound: false, ended: 0, entries: [] }
          // Only now: a sign-in may have been committed while this took the lock.
          const returned = await transaction.$queryRaw<unknown[]>`
            SELECT 1 FROM users u WHERE u.id = ${user.id}::uuid AND ${hasReturned}`
          if (returned.length === 0) {
            const { isDeleted: _, ...ended } = await deleteUser(transaction, user, { tellUser })
            return { isFound: true, ...ended }
          }
          await cancelDeletion(transaction, tellUser, { userId: user.id })
          return { isFound: true, ended: 0, entries: [] }
        })
      )
  }
}
