import { Prisma } from '@countersign/prisma'
import type { ExportedUser, UserExport } from '../../accounts/user-export.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, orUnavailable } from './database.ts'
import { unknownMoment } from './imported-users.ts'

const pageSize = 1000
const noUser = '00000000-0000-0000-0000-000000000000'

/** Without the prefix of imported ones, and none where no password can match. */
const portableHash = Prisma.sql`CASE WHEN password_set_at = ${unknownMoment} THEN imported_password_hash ELSE password_hash END`

export function createPrismaExportedUsers(database: Database): UserExport {
  return {
    recordExport: ({ withHashes, author: { actorId, origin } }) =>
      orUnavailable(
        recordAuditEvent(database, { type: 'users.exported', actorId, origin, detail: { with_hashes: withHashes } })
      ),
    readPage: ({ after, withHashes }) =>
      orUnavailable(
        database.$queryRaw<ExportedUser[]>`
          SELECT id, external_id AS "externalId", username, display_name AS "displayName", email,
            email_verified_at IS NOT NULL AS "isEmailVerified",
            ${withHashes ? portableHash : Prisma.sql`NULL`} AS "passwordHash", roles,
            created_at AS "createdAt", disabled_at IS NOT NULL AS "isDisabled"
          FROM users WHERE id > ${after ?? noUser}::uuid ORDER BY id LIMIT ${pageSize}`
      )
  }
}
