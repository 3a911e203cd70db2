import { randomUUID } from 'node:crypto'
import { Prisma, type PrismaClient } from '@countersign/prisma'
import { emailKeyOf } from '../../accounts/email-addresses.ts'
import type {
  NewUser,
  PasswordChange,
  ProfileChange,
  UserCredentials,
  UsernameChange,
  UserProfile,
  UserStore
} from '../../accounts/user-store.ts'
import { auditEventType, recordAuditEvent } from './audit-events.ts'
import { credentialsState } from './credentials-state.ts'
import { type Database, inTransaction, isUniqueViolation, orUnavailable, type Queryable } from './database.ts'
import { lockLiveSession } from './ending-families.ts'
import { isAdmin, secondFactors } from './factor-columns.ts'
import { currentHash } from './imported-users.ts'
import type { TellUser } from './mail-outbox.ts'
import { hasName } from './named-user.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { databaseNow } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'

/** Makes two first starts on one database take turns; any number that nothing else uses as a lock. */
const firstUserLockId = 4_010_202

const credentialColumns = Prisma.sql`id, username, ${currentHash} AS "passwordHash", ${credentialsState} AS "credentialsState",
  disabled_at IS NOT NULL AS "isDisabled", ${secondFactors} AS "secondFactors", ${isAdmin} AS "isAdmin"`

const credentials = `SELECT ${credentialColumns.sql} FROM users`

const credentialsText = `${credentials} WHERE username_key = $1`

const addressCredentialsText = `${credentials} WHERE ${hasName('$1', '$2')}`

const profileColumns = {
  id: true,
  username: true,
  displayName: true,
  email: true,
  emailVerifiedAt: true,
  language: true,
  roles: true,
  createdAt: true
} as const

const profileText = `
  SELECT id, username, display_name AS "displayName", email, email_verified_at AS "emailVerifiedAt", language, roles, created_at AS "createdAt"
  FROM users WHERE id = $1::uuid AND disabled_at IS NULL`

export function createPrismaUserStore(
  database: Database,
  preparedStatements: PreparedStatements,
  tellUser: TellUser
): UserStore {
  const credentialsOf = preparedStatements.prepare<UserCredentials>(credentialsText)
  const credentialsOfAddress = preparedStatements.prepare<UserCredentials>(addressCredentialsText)
  const profileOf = preparedStatements.prepare<UserProfile>(profileText)
  return {
    create: (user) => orUnavailable(insertUser(database, user)),
    createFirstWithRole: (role, user) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${firstUserLockId}::bigint)::text`
          return (await hasUserWithRole(transaction, role)) ? undefined : insertUser(transaction, user)
        })
      ),
    hasUserWithRole: (role) => orUnavailable(hasUserWithRole(database, role)),
    async findCredentials({ usernameKey, emailKey }) {
      const found =
        emailKey === undefined
          ? credentialsOf([usernameKey ?? ''])
          : credentialsOfAddress([usernameKey ?? '', emailKey])
      return (await orUnavailable(found))[0]
    },
    findCredentialsById: (id) => orUnavailable(findCredentialsById(id)),
    findProfile: async (id) => (await orUnavailable(profileOf([id])))[0],
    changeProfile: (change) => orUnavailable(changeProfile(change)),
    async rehash(id, verifiedPasswordHash, newPasswordHash) {
      await orUnavailable(
        database.$executeRaw`
          UPDATE users SET password_hash = ${newPasswordHash}, imported_password_hash = NULL
          WHERE id = ${id}::uuid AND ${currentHash} = ${verifiedPasswordHash}`
      )
    },
    changePassword: (change) =>
      orUnavailable(inTransaction(database, (transaction) => changePassword(transaction, change))),
    setPassword: (userId, newPasswordHash) =>
      orUnavailable(inTransaction(database, (transaction) => setPassword(transaction, userId, newPasswordHash))),
    changeUsername: (change) =>
      orUnavailable(inTransaction(database, (transaction) => changeUsername(transaction, change))).catch(
        (error: unknown) => {
          if (isUniqueViolation(error)) return 'taken'
          throw error
        }
      ),
    recordFailedSignIn: (userId, origin) =>
      orUnavailable(recordAuditEvent(database, { type: 'sign_in.failed', userId, origin })),
    recordFailedPasswordChange: (proof) =>
      orUnavailable(recordAuditEvent(database, { type: 'password_change.failed', ...proof })),
    recordFailedReauthentication: (proof) =>
      orUnavailable(recordAuditEvent(database, { type: 'reauthentication.failed', ...proof }))
  }

  async function changeProfile({ userId, sessionId, origin, language, displayName }: ProfileChange) {
    const where = { id: userId, disabledAt: null }
    const data = { ...(language !== undefined && { language }), ...(displayName !== undefined && { displayName }) }
    const update = async ({ user }: Pick<PrismaClient, 'user'>): Promise<UserProfile | undefined> =>
      (await user.updateManyAndReturn({ where, data, select: profileColumns }))[0]
    const prisma = await database.prisma()
    if (displayName === undefined) return update(prisma)
    return prisma.$transaction(async (transaction) => {
      // Locked, so that of two changes at once the later one is compared with the earlier one.
      const [before] = await transaction.$queryRaw<{ display_name: string | null }[]>`
        SELECT display_name FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
      const profile = await update(transaction)
      if (profile && displayName !== before?.display_name) {
        await recordAuditEvent(transaction, { type: 'display_name.changed', userId, sessionId, origin })
      }
      return profile
    })
  }

  async function findCredentialsById(id: string): Promise<UserCredentials | undefined> {
    const [user] = await database.$queryRaw<UserCredentials[]>`
      SELECT ${credentialColumns} FROM users WHERE id = ${id}::uuid`
    return user
  }

  async function changePassword(transaction: Queryable, change: PasswordChange) {
    // The user's row is locked first, then the families end: a sign-in with the old password either sees the new hash or has
    // its session ended here.
    const changed = await transaction.$queryRaw<unknown[]>`
      UPDATE users SET password_hash = ${change.newPasswordHash}, imported_password_hash = NULL, password_set_at = ${databaseNow},
        credentials_version = credentials_version + 1
      WHERE id = ${change.userId}::uuid AND ${currentHash} = ${change.verifiedPasswordHash} AND disabled_at IS NULL
      RETURNING 1`
    if (changed.length === 0) return undefined
    const others = { userId: change.userId, exceptedId: change.sessionId }
    const ended = await endGroup(transaction, others, { reason: 'password_changed' })
    await transaction.$executeRaw`
      INSERT INTO audit_events (type, user_id, session_id, address, user_agent)
      VALUES (${auditEventType('password.changed')}, ${change.userId}::uuid, ${change.sessionId ?? null}::uuid, ${change.origin.address},
        ${change.origin.userAgent})`
    await tellUser(transaction, change.userId, { template: 'password_changed', language: change.language })
    return ended
  }

  async function changeUsername(
    transaction: Queryable,
    { userId, username, sessionId, language, origin }: UsernameChange
  ): Promise<'changed' | 'session_ended'> {
    if (!(await lockLiveSession(transaction, { userId, familyId: sessionId }))) return 'session_ended'
    await transaction.$executeRaw`
      UPDATE users SET username = ${username.display}, username_key = ${username.key} WHERE id = ${userId}::uuid`
    await recordAuditEvent(transaction, { type: 'username.changed', userId, sessionId, origin })
    await tellUser(transaction, userId, { template: 'username_changed', language })
    return 'changed'
  }

  async function setPassword(transaction: Queryable, userId: string, newPasswordHash: string) {
    // In the same order as above, for the same reason.
    const changed = await transaction.$queryRaw<unknown[]>`
      UPDATE users SET password_hash = ${newPasswordHash}, imported_password_hash = NULL, password_set_at = ${databaseNow},
        credentials_version = credentials_version + 1
      WHERE id = ${userId}::uuid RETURNING 1`
    if (changed.length === 0) return undefined
    await recordAuditEvent(transaction, { type: 'password.set', userId })
    return endGroup(transaction, { userId }, { reason: 'password_changed' })
  }

  async function hasUserWithRole(queryable: Queryable, role: string): Promise<boolean> {
    const rows = await queryable.$queryRaw<unknown[]>`SELECT 1 FROM users WHERE ${role} = ANY(roles) LIMIT 1`
    return rows.length > 0
  }
}

/** @returns `undefined` when the username is taken */
export async function insertUser(
  queryable: Queryable,
  { isEmailVerified = false, ...user }: NewUser
): Promise<UserProfile | undefined> {
  const rows = await queryable.$queryRaw<
    {
      id: string
      username: string
      email: string | null
      email_verified_at: Date | null
      roles: string[]
      created_at: Date
    }[]
  >`
    WITH created AS (
      INSERT INTO users (id, username, username_key, display_name, email, email_key, email_verified_at, password_hash, language, roles)
      VALUES (${randomUUID()}::uuid, ${user.username.display}, ${user.username.key}, ${user.displayName ?? null}, ${user.email ?? null},
        ${isEmailVerified && user.email ? emailKeyOf(user.email) : null}, CASE WHEN ${isEmailVerified} THEN ${databaseNow} END,
        ${user.passwordHash}, ${user.language ?? null}, ${user.roles})
      ON CONFLICT (username_key) DO NOTHING
      RETURNING id, username, email, email_verified_at, roles, created_at
    ), audited AS (
      INSERT INTO audit_events (type, user_id, address, user_agent)
      SELECT ${auditEventType('user.registered')}, id, ${user.origin.address}, ${user.origin.userAgent} FROM created
    ), named AS (
      INSERT INTO roles (name) SELECT unnest(roles) FROM created ON CONFLICT (name) DO NOTHING
    )
    SELECT * FROM created`
  const [row] = rows
  return (
    row && {
      id: row.id,
      username: row.username,
      displayName: user.displayName ?? null,
      email: row.email,
      emailVerifiedAt: row.email_verified_at,
      language: user.language ?? null,
      roles: row.roles,
      createdAt: row.created_at
    }
  )
}
