import { randomUUID } from 'node:crypto'
import { Prisma } from '@countersign/prisma'
import { emailKeyOf } from '../../accounts/email-addresses.ts'
import type { ImportedUser, ImportOptions, ImportResult, UserImport } from '../../accounts/user-import.ts'
import type { HashCount, HashCounts } from '../../passwords/decoys.ts'
import { importedPrefix } from '../../passwords/verify-hash.ts'
import { mayAdminister } from './acting-admin.ts'
import { auditEventType } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'

/** When the password of an imported user was set: nobody knows. Whatever sets one, in any version, changes this. */
export const unknownMoment = Prisma.raw(`'epoch'::timestamptz`)

/** What a password is compared with: the hash of another system, until a password is set or it is replaced at a sign-in. */
export const currentHash = Prisma.raw(
  `CASE WHEN imported_password_hash IS NOT NULL AND password_set_at = ${unknownMoment.sql}
    THEN '${importedPrefix}' || imported_password_hash ELSE password_hash END`
)

export interface ImportedUsers extends UserImport {
  /** For what a sign-in with an unknown name verifies. */
  countHashes(): Promise<HashCounts>
}

interface SampledCount extends HashCount {
  /** The highest of their ids. */
  readonly last: string
  /** How many users there are of all kinds, as Postgres estimates. */
  readonly all: number
}

/** A share of one percent is counted to a tenth of it. */
const sampleSize = 10_000

class DryRun extends Error {
  readonly results: ImportResult[]

  constructor(results: ImportResult[]) {
    super('undone')
    this.results = results
  }
}

export function createPrismaImportedUsers(database: Database): ImportedUsers {
  return {
    importBatch: (users, options) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          if (!(await mayAdminister(transaction, options.author.actorId))) return 'not_an_admin'
          const results = await importBatch(transaction, users, options)
          if (options.isDryRun) throw new DryRun(results)
          return results
        })
      ).catch((error: unknown) => {
        if (error instanceof DryRun) return error.results
        throw error
      }),
    async countHashes() {
      // The ids are random, so the lowest ones are a sample, and the last of them says how many more there are. The cost is the
      // length, and the hash up to the salt: in bcrypt that begins at a fixed place, elsewhere behind the last "$" but one.
      const sample = await orUnavailable(
        database.$queryRaw<SampledCount[]>`
          WITH sample AS (
            SELECT id, imported_password_hash AS hash FROM users WHERE imported_password_hash IS NOT NULL ORDER BY id LIMIT ${sampleSize}
          )
          SELECT min(hash) AS example, count(*)::float8 AS users, max(id::text) AS last,
            (SELECT greatest(reltuples, 0)::float8 FROM pg_class WHERE oid = 'users'::regclass) AS all
          FROM sample
          GROUP BY length(hash), CASE WHEN hash LIKE '$2%' THEN left(hash, 7) ELSE regexp_replace(hash, '\\$[^$]+\\$[^$]+$', '') END`
      )
      const factor = populationOf(sample) / countOf(sample)
      return {
        users: sample[0]?.all ?? 0,
        imported: sample.map(({ example, users }) => ({ example, users: users * factor }))
      }
    }
  }
}

function countOf(sample: readonly HashCount[]): number {
  return sample.reduce((sum, { users }) => sum + users, 0)
}

/** How many there are, of which these are the ones with the lowest ids. */
function populationOf(sample: readonly SampledCount[]): number {
  const count = countOf(sample)
  if (count < sampleSize) return count
  const highest = sample.reduce((highest, { last }) => (last > highest ? last : highest), '')
  return count / (Number.parseInt(highest.slice(0, 8), 16) / 2 ** 32)
}

async function importBatch(
  transaction: Queryable,
  users: readonly ImportedUser[],
  { unusableHash, author: { actorId, origin } }: ImportOptions
): Promise<ImportResult[]> {
  const rows = users.map((user) => ({
    line: user.line,
    id: randomUUID(),
    external_id: user.externalId,
    username: user.username.display,
    username_key: user.username.key,
    display_name: user.displayName ?? null,
    email: user.email ?? null,
    // Of a verified one alone.
    email_key: user.email !== undefined && user.isEmailVerified ? emailKeyOf(user.email) : null,
    hash: user.passwordHash ?? null,
    roles: user.roles,
    created_at: user.createdAt?.toISOString() ?? null,
    is_disabled: user.isDisabled
  }))
  return transaction.$queryRaw<ImportResult[]>`
    WITH given AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS given (line int, id uuid, external_id text,
        username text, username_key text, display_name text, email text, email_key text, hash text, roles text[], created_at timestamptz, is_disabled boolean)
    ), created AS (
      INSERT INTO users (id, username, username_key, display_name, email, email_key, email_verified_at, password_hash, imported_password_hash, external_id, roles,
        created_at, password_set_at, disabled_at)
      SELECT id, username, username_key, display_name, email, email_key, CASE WHEN email_key IS NOT NULL THEN now() END, ${unusableHash}, hash, external_id, roles, coalesce(created_at, now()),
        ${unknownMoment}, CASE WHEN is_disabled THEN now() END
      FROM given
      WHERE NOT EXISTS (SELECT FROM users u WHERE u.external_id = given.external_id)
      ORDER BY line
      ON CONFLICT DO NOTHING
      RETURNING id, roles
    ), audited AS (
      INSERT INTO audit_events (type, user_id, actor_id, address, user_agent)
      SELECT ${auditEventType('user.imported')}, id, ${actorId ?? null}::uuid, ${origin.address}, ${origin.userAgent} FROM created
    ), named AS (
      INSERT INTO roles (name) SELECT DISTINCT unnest(roles) FROM created ON CONFLICT (name) DO NOTHING
    )
    SELECT line, CASE
      WHEN EXISTS (SELECT FROM created c WHERE c.id = given.id) THEN 'created'
      WHEN EXISTS (SELECT FROM users u WHERE u.external_id = given.external_id) THEN 'unchanged'
      WHEN EXISTS (SELECT FROM users u WHERE u.username_key = given.username_key) THEN 'username_taken'
      WHEN EXISTS (SELECT FROM users u WHERE u.email_key = given.email_key AND u.email_verified_at IS NOT NULL) THEN 'address_taken'
      ELSE 'duplicate' END AS outcome
    FROM given ORDER BY line`
}
