import { Prisma } from '@countersign/prisma'
import type {
  Acquaintance,
  EndedFamilies,
  Identity,
  RefreshTokenDescription,
  RefreshTokenFamilies,
  SessionPage,
  SessionSummary
} from '../../sessions/refresh-token-families.ts'
import { createCodeExchange } from './code-exchange.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { isLive } from './ending-families.ts'
import { grantExpressions } from './granted-scopes.ts'
import { hasName } from './named-user.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { createRefreshing } from './refreshing-families.ts'
import { pageOf } from './row-pages.ts'
import { endOtherSessionsOfUser, endSessionsOfUser, endSessionWithApps } from './session-groups.ts'
import { createFamilyStart, type FamilyLimits, ReplacedSessionEnded } from './starting-families.ts'

const requested = grantExpressions({
  scopes: Prisma.raw('NULL::text[]'),
  resource: Prisma.raw('$3::text'),
  issuer: Prisma.raw('$4::text'),
  isBeyondClient: true
})

const rightsText = `
  SELECT ${requested.scopes.sql} AS scopes, ${requested.roles.sql} AS roles
  FROM refresh_token_families f JOIN users u ON u.id = f.user_id
  WHERE f.id = $1::uuid AND u.id = $2::uuid AND u.disabled_at IS NULL AND ${isLive.sql} AND ${requested.hasTarget.sql}`

/** The id of no user. */
const nobodysId = '00000000-0000-0000-0000-000000000000'

/** If the account does not exist, the query searches sessions of a non-existent user: both are one lookup in one index. */
const acquaintanceText = `
  SELECT EXISTS (
      SELECT FROM refresh_token_families f
      WHERE f.user_id = coalesce(account.id, '${nobodysId}'::uuid) AND f.sign_in_network = $2
        AND f.created_at > now() - interval '30 days'
    ) AS "isKnownNetwork", account.id IS NOT NULL AND account.id = $3::uuid AS "isOwnDevice"
  FROM (SELECT (SELECT id FROM users WHERE ${hasName('$1', '$4')}) AS id) account`

/** The families in Postgres. The statements themselves resolve races; the comment at each says how. */
export function createPrismaRefreshTokenFamilies(
  database: Database,
  preparedStatements: PreparedStatements,
  limits: FamilyLimits
): RefreshTokenFamilies {
  const refresh = createRefreshing(database, preparedStatements, limits)
  const start = createFamilyStart(preparedStatements, limits)
  const exchangeCode = createCodeExchange(preparedStatements, start, limits)
  const acquaintance = preparedStatements.prepare<Acquaintance>(acquaintanceText)
  const rights = preparedStatements.prepare<{ scopes: string[]; roles: string[] | null }>(rightsText)

  return {
    start: (session) =>
      orUnavailable(preparedStatements.transaction((connection) => start(connection, session))).catch((error) => {
        if (error instanceof ReplacedSessionEnded) return { outcome: 'session_ended' }
        throw error
      }),
    exchangeCode: (presented) => orUnavailable(exchangeCode(presented)),
    refresh: (presented) => orUnavailable(refresh(presented)),
    identityOf: (session) => orUnavailable(identityOf(session)),
    async rightsAt({ familyId, userId, resource }) {
      const [row] = await orUnavailable(rights([familyId, userId, resource, limits.issuer]))
      return row && { scopes: row.scopes, roles: row.roles ?? undefined }
    },
    async grantOf({ familyId, userId }) {
      const [row] = await orUnavailable(
        database.$queryRaw<{ client_id: string; audience: string[]; asked_scopes: string[] | null }[]>`
          SELECT f.client_id, f.audience, f.asked_scopes FROM refresh_token_families f
          WHERE f.id = ${familyId}::uuid AND f.user_id = ${userId}::uuid AND ${isLive}`
      )
      return row && { clientId: row.client_id, audience: row.audience, scopes: row.asked_scopes ?? undefined }
    },
    end({ familyId, userId }, { reason, actorId }) {
      const ofUser = userId === undefined ? Prisma.empty : Prisma.sql`AND f.user_id = ${userId}::uuid`
      const own = Prisma.sql`f.id = ${familyId}::uuid ${ofUser}`
      return orUnavailable(endSessionWithApps(preparedStatements, familyId, own, { reason, actorId }))
    },
    endPresented: (presented, cause) => orUnavailable(endPresented(presented, cause)),
    endAll: (userId, cause) =>
      orUnavailable(inTransaction(database, (transaction) => endSessionsOfUser(transaction, userId, cause))),
    endOthers: (userId, familyId, cause) =>
      orUnavailable(
        inTransaction(database, (transaction) => endOtherSessionsOfUser(transaction, { userId, familyId }, cause))
      ),
    list: (userId, page) => orUnavailable(list(userId, page)),
    describe: (token) => orUnavailable(describe(token)),
    recognize: (account) => orUnavailable(recognize(account))
  }

  /** The key of a family never changes, so the second statement sees the same one as the first. */
  async function endPresented(
    { familyId, clientId, jkt }: Parameters<RefreshTokenFamilies['endPresented']>[0],
    cause: Parameters<RefreshTokenFamilies['endPresented']>[1]
  ): Promise<EndedFamilies | undefined> {
    const ofClient = clientId === undefined ? Prisma.empty : Prisma.sql`AND f.client_id = ${clientId}`
    const hasKey = Prisma.sql`coalesce(f.jkt = ${jkt ?? null}::text, f.jkt IS NULL)`
    const selection = Prisma.sql`f.id = ${familyId}::uuid ${ofClient}`
    const own = Prisma.sql`${selection} AND ${hasKey}`
    const ended = await endSessionWithApps(preparedStatements, familyId, own, cause)
    if (ended.ended > 0) return ended
    const ofOtherKey = await database.$queryRaw<unknown[]>`
      SELECT 1 FROM refresh_token_families f WHERE ${selection} AND ${isLive} AND NOT ${hasKey}`
    return ofOtherKey.length === 0 ? ended : undefined
  }

  async function list(
    userId: string,
    { after, limit }: Parameters<RefreshTokenFamilies['list']>[1]
  ): Promise<SessionPage> {
    const isAfter =
      after === undefined
        ? Prisma.empty
        : Prisma.sql`AND (f.created_at, f.id) < (${after.createdAt.toISOString()}::timestamptz, ${after.id}::uuid)`
    const rows = await database.$queryRaw<SessionSummary[]>`
      SELECT f.id, f.client_id AS "clientId", f.created_at AS "createdAt", f.rotated_at AS "lastUsedAt",
        least(f.idle_expires_at, f.absolute_expires_at) AS "expiresAt", f.address, f.user_agent AS "userAgent"
      FROM refresh_token_families f WHERE f.user_id = ${userId}::uuid AND ${isLive} ${isAfter}
      ORDER BY f.created_at DESC, f.id DESC LIMIT ${limit + 1}`
    const { page: sessions, last: next } = pageOf(rows, limit)
    return { sessions, next }
  }

  async function describe({ familyId, generation, clientId }: Parameters<RefreshTokenFamilies['describe']>[0]) {
    const rows = await database.$queryRaw<RefreshTokenDescription[]>`
      SELECT f.user_id AS "userId", u.username, f.identity_scopes AS "identityScopes", f.scope, f.jkt,
        floor(extract(epoch FROM f.rotated_at))::float8 AS "issuedAt",
        floor(extract(epoch FROM least(f.idle_expires_at, f.absolute_expires_at)))::float8 AS "expiresAt"
      FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      WHERE f.id = ${familyId}::uuid AND f.generation = ${generation} AND f.client_id = ${clientId} AND ${isLive}
        AND u.disabled_at IS NULL`
    return rows[0]
  }

  async function identityOf({ familyId, userId }: Parameters<RefreshTokenFamilies['identityOf']>[0]) {
    const [row] = await database.$queryRaw<Identity[]>`
      SELECT f.identity_scopes AS scopes, coalesce(u.display_name, u.username) AS name, u.username, CASE WHEN u.email_verified_at IS NOT NULL THEN u.email END AS email
      FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      WHERE f.id = ${familyId}::uuid AND f.user_id = ${userId}::uuid AND f.revoked_at IS NULL AND u.disabled_at IS NULL`
    return row
  }

  async function recognize({
    usernameKey,
    emailKey,
    network,
    userId
  }: Parameters<RefreshTokenFamilies['recognize']>[0]) {
    const [row] = await acquaintance([usernameKey ?? '', network, userId ?? nobodysId, emailKey ?? null])
    return row as Acquaintance
  }
}
