/** Sessions that end together, however many they are: the end is committed at once, and their rows are revoked in batches. */
import { Prisma } from '@countersign/prisma'
import type { EndedFamilies, EndReason } from '../../sessions/refresh-token-families.ts'
import { type EndedBatch, type GroupEndings, sessionBatchSize } from '../../sessions/session-endings.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import {
  type BatchRow,
  endingBatch,
  type FamiliesToEnd,
  isToEnd,
  lockingUser,
  lockLiveSession,
  lockUser,
  toEndedBatch
} from './ending-families.ts'
import type { PreparedStatements } from './prepared-statements.ts'

/** Those for which all that is given holds. */
export interface SessionGroup {
  readonly userId?: string
  readonly clientId?: string
  /** The session of the browser in which they were started; those with offline_access outlast it. */
  readonly browserSessionId?: string
  readonly exceptedId?: string | undefined
}

type Cause = Pick<FamiliesToEnd, 'reason' | 'actorId'>

function membersOf({ userId, clientId, browserSessionId, exceptedId }: SessionGroup): Prisma.Sql {
  const conditions = [
    userId === undefined ? [] : [Prisma.sql`f.user_id = ${userId}::uuid`],
    clientId === undefined ? [] : [Prisma.sql`f.client_id = ${clientId}`],
    browserSessionId === undefined
      ? []
      : [Prisma.sql`f.session_id = ${browserSessionId}::uuid AND NOT 'offline_access' = ANY(f.identity_scopes)`],
    exceptedId === undefined ? [] : [Prisma.sql`f.id <> ${exceptedId}::uuid`]
  ]
  return Prisma.join(conditions.flat(), ' AND ')
}

/**
 * Ends all sessions of a group in the given transaction: a batch of them by their rows, and if there are more, by a row of
 * `session_group_endings`, which {@link createPrismaGroupEndings} works off. The transaction holds the lock that a start of such a session
 * takes, that of the user or the client, so that each start is either before or after.
 */
export async function endGroup(transaction: Queryable, group: SessionGroup, cause: Cause): Promise<EndedFamilies> {
  return toEndedGroup(await transaction.$queryRaw<BatchRow[]>(endingGroup(group, cause)))
}

/**
 * The statement that does it; its rows are for {@link toEndedGroup}.
 * @param own a condition on the family `f` of another session, which ends first; the group ends only if that one has to end
 */
function endingGroup(group: SessionGroup, { reason, actorId }: Cause, own?: Prisma.Sql): Prisma.Sql {
  const members = membersOf(group)
  const selection = own
    ? Prisma.sql`(${own} OR (${members} AND EXISTS (SELECT FROM refresh_token_families f WHERE ${own} AND ${isToEnd()})))`
    : members
  const { userId, clientId, browserSessionId, exceptedId } = group
  const rest = Prisma.sql`
    INSERT INTO session_group_endings (user_id, client_id, session_id, excepted_id, before_number, reason, actor_id)
    SELECT ${userId ?? null}::uuid, ${clientId ?? null}, ${browserSessionId ?? null}::uuid, ${exceptedId ?? null}::uuid,
      nextval('refresh_token_families_start_number_seq'), ${reason}, ${actorId ?? null}::uuid`
  const families = { reason, actorId, selection, members, ...flowOf(group, 0) }
  return endingBatch(families, { limit: sessionBatchSize, locking: 'waits', first: own, rest })
}

function toEndedGroup(rows: readonly BatchRow[]): EndedFamilies {
  const { ended, entries, endingId } = toEndedBatch(rows)
  return { ended, entries, endingId }
}

/** Ends all sessions of a user, in the given transaction. */
export async function endSessionsOfUser(transaction: Queryable, userId: string, cause: Cause): Promise<EndedFamilies> {
  await lockUser(transaction, userId)
  return endGroup(transaction, { userId }, cause)
}

/**
 * Ends all sessions of a user except the current one, in the given transaction.
 * @returns `undefined` when the current one ended while this waited for its turn
 */
export async function endOtherSessionsOfUser(
  transaction: Queryable,
  { userId, familyId }: { userId: string; familyId: string },
  cause: Cause
): Promise<EndedFamilies | undefined> {
  if (!(await lockLiveSession(transaction, { userId, familyId }))) return undefined
  return endGroup(transaction, { userId, exceptedId: familyId }, cause)
}

/**
 * Ends one session; if it is one of the browser, with those of apps that do not outlast it.
 * @param own a condition on the family `f`, which no other session than this one meets
 */
export async function endSessionWithApps(
  { pipeline }: Pick<PreparedStatements, 'pipeline'>,
  familyId: string,
  own: Prisma.Sql,
  cause: Cause
): Promise<EndedFamilies> {
  const user = Prisma.sql`(SELECT user_id FROM refresh_token_families WHERE id = ${familyId}::uuid)`
  const ending = endingGroup({ browserSessionId: familyId }, cause, own)
  return toEndedGroup(await pipeline<BatchRow>([lockingUser(user), ending]))
}

interface EndingRow {
  id: bigint
  user_id: string | null
  client_id: string | null
  session_id: string | null
  excepted_id: string | null
  before_number: bigint
  reason: EndReason
  actor_id: string | null
  after_id: string
  batches: number
}

const firstId = '00000000-0000-0000-0000-000000000000'

/** Replicas that work on the same group take turns, batch by batch. */
export function createPrismaGroupEndings(database: Database): GroupEndings {
  return {
    async left() {
      const rows = await orUnavailable(
        database.$queryRaw<{ id: bigint }[]>`SELECT id FROM session_group_endings ORDER BY batches, id LIMIT 20`
      )
      return rows.map(({ id }) => BigInt(id))
    },
    endBatch: (limit, endingId) =>
      orUnavailable(inTransaction(database, (transaction) => endBatch(transaction, limit, endingId)))
  }
}

async function endBatch(transaction: Queryable, limit: number, endingId: bigint): Promise<EndedBatch> {
  const [ending] = await transaction.$queryRaw<EndingRow[]>`
    SELECT id, user_id, client_id, session_id, excepted_id, before_number, reason, actor_id, after_id, batches
    FROM session_group_endings WHERE id = ${endingId} FOR UPDATE`
  if (!ending) return { ended: 0, hasMore: false, entries: [] }
  const group = groupOf(ending)
  const members = Prisma.sql`${membersOf(group)} AND coalesce(f.start_number, 0) < ${ending.before_number}`
  // Passing by what somebody else holds, so that no two wait for each other.
  const families = {
    selection: Prisma.sql`${members} AND f.id > ${ending.after_id}::uuid`,
    members,
    ...flowOf(group, (ending.batches + 1) * limit),
    reason: ending.reason,
    actorId: ending.actor_id ?? undefined
  }
  const batch = endingBatch(families, { limit, locking: 'skips' })
  const { ended, entries, count, last } = toEndedBatch(await transaction.$queryRaw<BatchRow[]>(batch))
  const isDone = count < limit && (await countLeft(transaction, members)) === 0
  if (isDone) await transaction.$executeRaw`DELETE FROM session_group_endings WHERE id = ${ending.id}`
  else {
    await transaction.$executeRaw`
      UPDATE session_group_endings SET after_id = ${count < limit ? firstId : (last ?? firstId)}::uuid, batches = batches + 1
      WHERE id = ${ending.id}`
  }
  return { ended, hasMore: !isDone, entries }
}

function flowOf({ userId, browserSessionId }: SessionGroup, notifiedBefore: number) {
  return userId === undefined && browserSessionId === undefined ? { notifiedBefore } : {}
}

async function countLeft(transaction: Queryable, members: Prisma.Sql): Promise<number> {
  const left = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM refresh_token_families f WHERE ${members} AND ${isToEnd()} LIMIT 1`
  return left.length
}

function groupOf({ user_id, client_id, session_id, excepted_id }: EndingRow): SessionGroup {
  return {
    ...(user_id === null ? {} : { userId: user_id }),
    ...(client_id === null ? {} : { clientId: client_id }),
    ...(session_id === null ? {} : { browserSessionId: session_id }),
    ...(excepted_id === null ? {} : { exceptedId: excepted_id })
  }
}
