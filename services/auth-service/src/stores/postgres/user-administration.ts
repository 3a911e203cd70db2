import { Prisma } from '@countersign/prisma'
import type {
  AdministeredUser,
  UserAdministration,
  UserChange,
  UserChangeOutcome,
  UserDeletionOutcome
} from '../../accounts/user-administration.ts'
import type { EndedFamilies, EndReason } from '../../sessions/refresh-token-families.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { deleteUser } from './deleting-users.ts'
import type { TellUser } from './mail-outbox.ts'
import { databaseNow } from './revocation-entries.ts'
import { pageOf } from './row-pages.ts'
import { endGroup, endSessionsOfUser } from './session-groups.ts'
import { hasPassword, hasSignInMethod } from './sign-in-methods.ts'
import { administers, ensureRoles, LastAdminError, lockUserAdministration, requireAnotherAdmin } from './user-roles.ts'

interface UserRow {
  id: string
  username: string
  username_key: string
  display_name: string | null
  email: string | null
  roles: string[]
  created_at: Date
  disabled_at: Date | null
  deletion_at: Date | null
  language: string | null
}

const columns = Prisma.sql`id, username, username_key, display_name, email, roles, created_at, disabled_at, deletion_at, deletion_language AS language`

export function createPrismaUserAdministration(database: Database, tellUser: TellUser): UserAdministration {
  return {
    async list({ words, after, limit }) {
      const source = words.length === 0 ? Prisma.sql`users` : foundUsers(words)
      const rows = await orUnavailable(
        database.$queryRaw<UserRow[]>`
          WITH page AS (
            SELECT id FROM ${source} WHERE username_key > ${after ?? ''} ORDER BY username_key LIMIT ${limit + 1}
          ) SELECT ${columns} FROM users WHERE id IN (SELECT id FROM page) ORDER BY username_key`
      )
      const { page, last } = pageOf(rows, limit)
      return { users: page.map(toUser), next: last?.username_key }
    },
    async find(id) {
      const rows = await orUnavailable(
        database.$queryRaw<UserRow[]>`SELECT ${columns} FROM users WHERE id = ${id}::uuid`
      )
      return rows[0] && toUser(rows[0])
    },
    async waysIn(id) {
      const [row] = await orUnavailable(
        database.$queryRaw<{ hasPassword: boolean; hasOther: boolean }[]>`
          SELECT ${hasPassword} AS "hasPassword", ${hasSignInMethod({ passkey: Prisma.sql`false` })} AS "hasOther"
          FROM users u WHERE u.id = ${id}::uuid`
      )
      return { hasPassword: row?.hasPassword === true, needsPasskey: row?.hasOther === false }
    },
    change: (id, change, actorId) => unlessLastAdmin((transaction) => apply(transaction, id, change, actorId)),
    delete: (id, actorId) => unlessLastAdmin((transaction) => remove(transaction, id, actorId)),
    endSessions: (id) =>
      orUnavailable(
        inTransaction(database, (transaction) => endSessionsOfUser(transaction, id, { reason: 'ended_by_admin' }))
      )
  }

  async function unlessLastAdmin<T>(work: (transaction: Queryable) => Promise<T>) {
    try {
      return await orUnavailable(inTransaction(database, work))
    } catch (error) {
      if (error instanceof LastAdminError) return { outcome: 'last_admin' } as const
      throw error
    }
  }

  async function remove(transaction: Queryable, id: string, actorId: string | undefined): Promise<UserDeletionOutcome> {
    if (id === actorId) return { outcome: 'own_account' }
    await lockUserAdministration(transaction)
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    // A sign-in that runs is waited for, and one that comes later finds no user.
    const [user] = await transaction.$queryRaw<
      UserRow[]
    >`SELECT ${columns} FROM users WHERE id = ${id}::uuid FOR UPDATE`
    if (!user) return { outcome: 'unknown' }
    const { isDeleted, ...ended } = await deleteUser(transaction, user, { tellUser, actorId })
    if (administers(user)) await requireAnotherAdmin(transaction)
    return { outcome: isDeleted ? 'deleted' : 'leaving', ...ended }
  }

  async function apply(
    transaction: Queryable,
    id: string,
    { isDisabled, roles, displayName }: UserChange,
    actorId: string | undefined
  ): Promise<UserChangeOutcome> {
    await lockUserAdministration(transaction)
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    // The user's row is locked first, then the families end: a sign-in either sees the change or has its session ended.
    const [before] = await transaction.$queryRaw<UserRow[]>`
      SELECT ${columns} FROM users WHERE id = ${id}::uuid FOR NO KEY UPDATE`
    if (!before) return { outcome: 'unknown' }
    const wasDisabled = before.disabled_at !== null
    const [after] = (await transaction.$queryRaw<UserRow[]>`
      UPDATE users SET roles = ${roles ?? before.roles}, display_name = ${displayName === undefined ? before.display_name : displayName},
        disabled_at = CASE WHEN ${isDisabled ?? wasDisabled} THEN coalesce(disabled_at, ${databaseNow}) END
      WHERE id = ${id}::uuid RETURNING ${columns}`) as [UserRow]
    if (administers(before) && !administers(after)) await requireAnotherAdmin(transaction)
    await ensureRoles(transaction, roles ?? [])

    const end = (reason: EndReason): Promise<EndedFamilies> =>
      endGroup(transaction, { userId: id }, { reason, actorId })
    let ended: EndedFamilies | undefined
    if (!wasDisabled && after.disabled_at) {
      await recordAuditEvent(transaction, { type: 'user.disabled', userId: id, actorId })
      ended = await end('user_disabled')
    }
    if (wasDisabled && !after.disabled_at) {
      await recordAuditEvent(transaction, { type: 'user.enabled', userId: id, actorId })
    }
    if (before.display_name !== after.display_name) {
      await recordAuditEvent(transaction, { type: 'display_name.changed', userId: id, actorId })
    }
    if (!isSameSet(before.roles, after.roles)) {
      const detail = { before: before.roles, after: after.roles }
      await recordAuditEvent(transaction, { type: 'user.roles_changed', userId: id, actorId, detail })
    }
    if (before.roles.some((role) => !after.roles.includes(role))) ended ??= await end('role_removed')
    return { outcome: 'changed', user: toUser(after), ...(ended ?? { ended: 0, entries: [] }) }
  }
}

/**
 * The users that a search finds, by the index alone: with `OFFSET 0` the planner cannot walk through all users in their order
 * and make the terms of each.
 */
function foundUsers(words: readonly string[]): Prisma.Sql {
  const query = words.map((word) => `'${word.replaceAll(/['\\]/g, '$&$&')}':*`).join(' & ')
  return Prisma.sql`(
    SELECT id, username_key FROM users WHERE user_search_terms(username_key, email) @@ ${query}::tsquery OFFSET 0
  ) AS found`
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one))
}

function toUser(row: UserRow): AdministeredUser {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    email: row.email,
    roles: row.roles,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    deletionAt: row.deletion_at
  }
}
