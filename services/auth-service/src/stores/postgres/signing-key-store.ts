import { Prisma } from '@countersign/prisma'
import { maxStaleKeysSecondsLimit } from '@countersign/verifier'
import type { JWK } from 'jose'
import type {
  KeyChangeCause,
  KeyState,
  NewSigningKey,
  RevokeOutcome,
  RotateOutcome,
  SigningKeyStore,
  StoredSigningKey
} from '../../keys/signing-key-store.ts'
import { mayAdminister } from './acting-admin.ts'
import { auditEventType, recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { maxEntryLifetimeSeconds } from './ending-families.ts'
import { databaseNow, insertEntry, seconds } from './revocation-entries.ts'

/** Makes changes of keys take turns. The lock is transaction-scoped, so that PgBouncer may be in between. */
const keyLockId = 4_010_203

/** `k` is the key. A partial unique index allows one signing key and one next key. */
const isSigning = Prisma.sql`k.signs_from IS NOT NULL AND k.retired_at IS NULL AND k.pulled_at IS NULL`
const isNext = Prisma.sql`k.signs_from IS NULL AND k.retired_at IS NULL AND k.pulled_at IS NULL`

/**
 * The kid of the signing key, for the statements that allow a token: the key was in force when the statement ran, whatever the
 * signing replica knows, and however long it was paused.
 */
export const signingKid = Prisma.sql`(SELECT k.kid FROM signing_keys k WHERE ${isSigning})`

/**
 * How long a revoked key is denied, in seconds. A thief can sign tokens of any date, so it is denied until no verifier can
 * still have the key, even one that kept its keys as long as allowed.
 */
const revokedKeyLifetimeSeconds = maxStaleKeysSecondsLimit + maxEntryLifetimeSeconds

const order: readonly KeyState[] = ['next', 'signing', 'retired', 'revoked']

interface SigningKeyRow {
  kid: string
  state: KeyState
  public_jwk: JWK
  sealed_private_jwk: string | null
  created_at: Date
  signs_from: Date | null
  retired_at: Date | null
  pulled_at: Date | null
}

interface Promotion extends KeyChangeCause {
  /** The previous signing key. */
  readonly from?: string
}

export function createPrismaSigningKeyStore(database: Database): SigningKeyStore {
  return {
    list: () => orUnavailable(list()),
    fill: (key) => inTurn((transaction) => fill(transaction, key)),
    rotate: (keys, cause) => inTurn((transaction) => rotate(transaction, keys, cause)),
    revoke: (kid, cause) => inTurn((transaction) => revoke(transaction, kid, cause)),
    removeDead: () => orUnavailable(removeDead()),
    async reseal(kid, { from, to }) {
      const changed = await orUnavailable(
        database.$executeRaw`
          WITH resealed AS (
            UPDATE signing_keys SET sealed_private_jwk = ${to} WHERE kid = ${kid} AND sealed_private_jwk = ${from}
            RETURNING kid
          )
          INSERT INTO audit_events (type, detail)
          SELECT ${auditEventType('signing_key.resealed')}, jsonb_build_object('kid', kid) FROM resealed`
      )
      return changed === 1
    }
  }

  function inTurn<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return orUnavailable(
      inTransaction(database, async (transaction) => {
        await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${keyLockId}::bigint)::text`
        return work(transaction)
      })
    )
  }

  async function list() {
    const rows = await database.$queryRaw<(Partial<SigningKeyRow> & { now: Date })[]>`
      SELECT now.at AS now, k.kid, k.public_jwk, k.sealed_private_jwk, k.created_at, k.signs_from, k.retired_at, k.pulled_at,
        CASE WHEN k.pulled_at IS NOT NULL THEN 'revoked' WHEN k.retired_at IS NOT NULL THEN 'retired'
          WHEN k.signs_from IS NOT NULL THEN 'signing' ELSE 'next' END AS state
      FROM (SELECT ${databaseNow} AS at) now LEFT JOIN signing_keys k ON true
      ORDER BY k.signs_from DESC NULLS FIRST, k.created_at DESC`
    const keys = rows.flatMap((row) => (row.kid == null ? [] : [toKey(row as SigningKeyRow)]))
    keys.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state))
    return { keys, now: rows[0]?.now as Date }
  }

  async function fill(transaction: Queryable, { kid, publicJwk, sealedPrivateJwk }: NewSigningKey): Promise<boolean> {
    await promoteNextKey(transaction, { reason: 'no key signed' })
    const inserted = await transaction.$executeRaw`
      INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_jwk, created_at, signs_from)
      SELECT ${kid}, 'RS256', ${JSON.stringify(publicJwk)}::jsonb, ${sealedPrivateJwk}, ${databaseNow},
        CASE WHEN ${signingKid} IS NULL THEN ${databaseNow} END
      WHERE ${signingKid} IS NULL OR NOT EXISTS (SELECT FROM signing_keys k WHERE ${isNext})`
    if (inserted === 0) return false
    await recordAuditEvent(transaction, { type: 'signing_key.published', detail: { kid } })
    return true
  }

  /** Does nothing while there is a signing key. */
  async function promoteNextKey(transaction: Queryable, { actorId, from, reason }: Promotion): Promise<void> {
    const [promoted] = await transaction.$queryRaw<{ kid: string }[]>`
      UPDATE signing_keys k SET signs_from = ${databaseNow} WHERE ${isNext} AND ${signingKid} IS NULL RETURNING k.kid`
    if (!promoted) return
    await recordAuditEvent(transaction, {
      type: 'signing_key.rotated',
      actorId,
      detail: { kid: promoted.kid, from, reason }
    })
  }

  async function rotate(
    transaction: Queryable,
    { from, to, next }: { from: string; to: string; next: NewSigningKey },
    { actorId, reason }: KeyChangeCause
  ): Promise<RotateOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const retired = await transaction.$executeRaw`
      UPDATE signing_keys k SET retired_at = ${databaseNow}
      WHERE k.kid = ${from} AND ${isSigning} AND EXISTS (SELECT FROM signing_keys k WHERE k.kid = ${to} AND ${isNext})`
    if (retired === 0) return { outcome: 'overtaken' }
    await promoteNextKey(transaction, { actorId, from, reason })
    await fill(transaction, next)
    return { outcome: 'rotated' }
  }

  async function revoke(
    transaction: Queryable,
    kid: string,
    { actorId, reason }: KeyChangeCause
  ): Promise<RevokeOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const [key] = await transaction.$queryRaw<{ was_revoked: boolean; signs: boolean; has_next: boolean }[]>`
      SELECT k.pulled_at IS NOT NULL AS was_revoked, (${isSigning}) AS signs,
        EXISTS (SELECT FROM signing_keys k WHERE ${isNext}) AS has_next
      FROM signing_keys k WHERE k.kid = ${kid} FOR UPDATE`
    if (!key) return { outcome: 'unknown' }
    if (key.was_revoked) return { outcome: 'already_revoked' }
    if (key.signs && !key.has_next) return { outcome: 'no_successor' }
    await transaction.$executeRaw`
      UPDATE signing_keys SET pulled_at = ${databaseNow}, sealed_private_jwk = NULL WHERE kid = ${kid}`
    await recordAuditEvent(transaction, { type: 'signing_key.revoked', actorId, detail: { kid, reason } })
    if (key.signs) await promoteNextKey(transaction, { actorId, from: kid, reason })
    const entry = await insertEntry(transaction, {
      kind: 'kid',
      value: kid,
      lifetimeSeconds: revokedKeyLifetimeSeconds
    })
    return { outcome: 'revoked', entries: [entry] }
  }

  /** One statement: if another replica removes a key at the same moment, it is reported once. */
  async function removeDead(): Promise<string[]> {
    const rows = await database.$queryRaw<{ kid: string }[]>`
      WITH removed AS (
        DELETE FROM signing_keys k
        WHERE (k.pulled_at IS NULL AND k.retired_at + ${seconds(maxEntryLifetimeSeconds)} < ${databaseNow})
          OR k.pulled_at + ${seconds(revokedKeyLifetimeSeconds)} < ${databaseNow}
        RETURNING k.kid
      ), audited AS (
        INSERT INTO audit_events (type, detail)
        SELECT ${auditEventType('signing_key.removed')}, jsonb_build_object('kid', kid) FROM removed
      )
      SELECT kid FROM removed`
    return rows.map(({ kid }) => kid)
  }
}

function toKey(row: SigningKeyRow): StoredSigningKey {
  return {
    kid: row.kid,
    state: row.state,
    publicJwk: row.public_jwk,
    sealedPrivateJwk: row.sealed_private_jwk,
    createdAt: row.created_at,
    signsFrom: row.signs_from,
    retiredAt: row.retired_at,
    revokedAt: row.pulled_at
  }
}
