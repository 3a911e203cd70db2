import { randomUUID } from 'node:crypto'
import { Prisma } from '@countersign/prisma'
import {
  type ChallengePurpose,
  challengeSeconds,
  maxPasskeys,
  type NewPasskey,
  type Passkey,
  type PasskeyChange,
  type PasskeyKey,
  type PasskeyStore
} from '../../accounts/passkey-store.ts'
import { recordAuditEvent } from './audit-events.ts'
import { raiseCredentialsVersion } from './credentials-state.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { lockLiveSession } from './ending-families.ts'
import type { TellUser } from './mail-outbox.ts'
import { databaseNow, seconds } from './revocation-entries.ts'
import { dropUselessRecoveryCodes } from './second-factors.ts'
import { consumeFlow } from './sign-in-flows.ts'
import { hasSignInMethod } from './sign-in-methods.ts'

const columns = Prisma.raw(
  'id, name, credential_id AS "credentialId", transports, is_backed_up AS "isBackedUp", created_at AS "createdAt", last_used_at AS "lastUsedAt"'
)

export function createPrismaPasskeys(database: Database, tellUser: TellUser): PasskeyStore {
  return {
    async keepChallenge(challengeHash, purpose) {
      const { userId, sessionId, flowHash } = membersOf(purpose)
      await orUnavailable(database.$executeRaw`
        INSERT INTO passkey_challenges (challenge_hash, purpose, user_id, session_id, flow_hash, expires_at)
        VALUES (${challengeHash}, ${purpose.kind}, ${userId}::uuid, ${sessionId}::uuid, ${flowHash},
          ${databaseNow} + ${seconds(challengeSeconds)})`)
    },
    async takeChallenge(challengeHash, purpose) {
      const { userId, sessionId, flowHash } = membersOf(purpose)
      const [taken] = await orUnavailable(database.$queryRaw<{ isGood: boolean }[]>`
        DELETE FROM passkey_challenges WHERE challenge_hash = ${challengeHash}
        RETURNING expires_at > ${databaseNow} AND purpose = ${purpose.kind} AND user_id IS NOT DISTINCT FROM ${userId}::uuid
          AND session_id IS NOT DISTINCT FROM ${sessionId}::uuid AND flow_hash IS NOT DISTINCT FROM ${flowHash} AS "isGood"`)
      return taken?.isGood ?? false
    },
    list: (userId) =>
      orUnavailable(database.$queryRaw<Passkey[]>`
        SELECT ${columns} FROM passkeys WHERE user_id = ${userId}::uuid ORDER BY created_at, id`),
    async find(credentialId) {
      const [passkey] = await orUnavailable(database.$queryRaw<PasskeyKey[]>`
        SELECT id, user_id AS "userId", public_key AS "publicKey" FROM passkeys WHERE credential_id = ${credentialId}`)
      return passkey
    },
    add: (passkey, change) =>
      orUnavailable(inTransaction(database, (transaction) => add(transaction, passkey, change))),
    async rename(userId, id, name) {
      const [passkey] = await orUnavailable(database.$queryRaw<Passkey[]>`
        UPDATE passkeys SET name = ${name} WHERE id = ${id}::uuid AND user_id = ${userId}::uuid RETURNING ${columns}`)
      return passkey
    },
    remove: (id, change) => orUnavailable(inTransaction(database, (transaction) => remove(transaction, id, change))),
    recordUse: ({ id, userId, signCount, isBackupEligible, isBackedUp, flowHash, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          if (flowHash && !(await consumeFlow(transaction, { userId, flowHash }))) return false
          const [before] = await transaction.$queryRaw<{ signCount: bigint }[]>`
            SELECT sign_count AS "signCount" FROM passkeys WHERE id = ${id}::uuid FOR NO KEY UPDATE`
          if (!before) return false
          await transaction.$executeRaw`
            UPDATE passkeys SET sign_count = ${signCount}, is_backup_eligible = ${isBackupEligible},
              is_backed_up = ${isBackedUp}, last_used_at = ${databaseNow} WHERE id = ${id}::uuid`
          if (signCount < before.signCount) {
            const detail = { passkey: id, from: Number(before.signCount), to: signCount }
            await recordAuditEvent(transaction, { type: 'passkey.counter_fell', userId, origin, detail })
          }
          return true
        })
      )
  }

  async function add(
    transaction: Queryable,
    { credentialId, publicKey, name, ...made }: NewPasskey & { readonly name: string },
    change: PasskeyChange
  ) {
    const { userId } = change
    if (!(await lockLiveSession(transaction, { userId, familyId: change.sessionId })))
      return { outcome: 'session_ended' } as const
    const [held] = await transaction.$queryRaw<{ count: number }[]>`
      SELECT count(*)::int AS count FROM passkeys WHERE user_id = ${userId}::uuid`
    if ((held?.count ?? 0) >= maxPasskeys) return { outcome: 'too_many' } as const
    const [passkey] = await transaction.$queryRaw<Passkey[]>`
      INSERT INTO passkeys (id, user_id, credential_id, public_key, sign_count, transports, is_backup_eligible, is_backed_up, name,
        created_at)
      VALUES (${randomUUID()}::uuid, ${userId}::uuid, ${credentialId}, ${publicKey}, ${made.signCount},
        ${made.transports}, ${made.isBackupEligible}, ${made.isBackedUp}, ${name}, ${databaseNow})
      ON CONFLICT (credential_id) DO NOTHING RETURNING ${columns}`
    if (!passkey) return { outcome: 'known' } as const
    await tellOfChange(transaction, { type: 'passkey.added', template: 'passkey_added' }, passkey.id, change)
    return { outcome: 'added', passkey } as const
  }

  async function remove(transaction: Queryable, id: string, change: PasskeyChange & { keepsOne: boolean }) {
    const { userId } = change
    if (!(await lockLiveSession(transaction, { userId, familyId: change.sessionId }))) return 'session_ended'
    const [removed] = await transaction.$queryRaw<{ hasOtherWay: boolean; hasOtherFactor: boolean }[]>`
      SELECT ${hasOtherWay} AS "hasOtherWay", ${hasOtherFactor} AS "hasOtherFactor"
      FROM passkeys removed JOIN users u ON u.id = removed.user_id
      WHERE removed.id = ${id}::uuid AND removed.user_id = ${userId}::uuid`
    if (!removed) return 'unknown'
    if (!removed.hasOtherWay) return 'last_way_in'
    if (change.keepsOne && !removed.hasOtherFactor) return 'last_factor'
    await transaction.$executeRaw`DELETE FROM passkeys WHERE id = ${id}::uuid`
    await dropUselessRecoveryCodes(transaction, userId)
    await tellOfChange(transaction, { type: 'passkey.removed', template: 'passkey_removed' }, id, change)
    return 'removed'
  }

  async function tellOfChange(
    transaction: Queryable,
    { type, template }: { type: 'passkey.added' | 'passkey.removed'; template: 'passkey_added' | 'passkey_removed' },
    passkey: string,
    { userId, sessionId, language, origin }: PasskeyChange
  ) {
    await raiseCredentialsVersion(transaction, userId)
    await recordAuditEvent(transaction, { type, userId, sessionId, origin, detail: { passkey } })
    await tellUser(transaction, userId, { template, language })
  }
}

/** Whether the user `u` has another factor besides the passkey `removed`. */
const hasOtherFactor = Prisma.sql`(EXISTS (SELECT FROM totp_factors t WHERE t.user_id = u.id)
  OR EXISTS (SELECT FROM passkeys o WHERE o.user_id = u.id AND o.id <> removed.id))`
const hasOtherWay = hasSignInMethod({ passkey: Prisma.sql`k.id <> removed.id` })

function membersOf(purpose: ChallengePurpose) {
  return {
    userId: 'userId' in purpose ? purpose.userId : null,
    sessionId: 'sessionId' in purpose ? purpose.sessionId : null,
    flowHash: 'flowHash' in purpose ? purpose.flowHash : null
  }
}
