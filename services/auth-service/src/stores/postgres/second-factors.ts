import { Prisma } from '@countersign/prisma'
import type { Bytes } from '../../hashes.ts'
import type { ConfirmedTotp, FactorChange, SealedSeeds, SecondFactors } from '../../sign-in/second-factors.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { raiseCredentialsVersion } from './credentials-state.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { lockLiveSession } from './ending-families.ts'
import type { TellUser } from './mail-outbox.ts'
import { databaseNow, seconds } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'
import { consumeFlow } from './sign-in-flows.ts'
import { lockUserAdministration } from './user-roles.ts'

const enrolmentSeconds = 600

/** Undoes the transaction. */
class Undone extends Error {}

export function createPrismaSecondFactors(database: Database, tellUser: TellUser): SecondFactors {
  return {
    async has(userId) {
      const [row] = await orUnavailable(database.$queryRaw<{ has: boolean }[]>`
        SELECT ${hasFactor(userId)} AS has`)
      return row?.has === true
    },
    overview: (userId) => orUnavailable(overviewOf(userId)),
    async sealedSeedOf(userId) {
      const [row] = await orUnavailable(database.$queryRaw<{ sealed_seed: Uint8Array }[]>`
        SELECT sealed_seed FROM totp_factors WHERE user_id = ${userId}::uuid`)
      return row?.sealed_seed
    },
    useTotp: ({ userId, flowHash, step }) =>
      allOrNothing(async (transaction) => {
        const isOpen = await consumeFlow(transaction, { userId, flowHash })
        const used = await transaction.$executeRaw`
          UPDATE totp_factors SET last_step = ${step}, last_used_at = ${databaseNow}
          WHERE user_id = ${userId}::uuid AND last_step < ${step}`
        return isOpen && used > 0
      }),
    useRecoveryCode: ({ userId, flowHash, codeHash, language, origin }) =>
      allOrNothing(async (transaction) => {
        const isOpen = await consumeFlow(transaction, { userId, flowHash })
        const used = await transaction.$executeRaw`
          UPDATE recovery_codes SET used_at = ${databaseNow}
          WHERE user_id = ${userId}::uuid AND code_hash = ${codeHash} AND used_at IS NULL`
        if (!isOpen || used === 0) return false
        await recordAuditEvent(transaction, { type: 'recovery_code.used', userId, origin })
        await tellUser(transaction, userId, { template: 'recovery_code_used', language })
        return true
      }),
    recordFailure: (userId, origin) =>
      orUnavailable(recordAuditEvent(database, { type: 'second_factor.failed', userId, origin })),
    async enrolInFlow({ flowHash, language, origin, ...totp }) {
      let state: string | undefined
      await allOrNothing(async (transaction) => {
        const [flow] = await transaction.$queryRaw<{ user_id: string }[]>`
          SELECT user_id FROM sign_in_flows WHERE flow_hash = ${flowHash} AND is_enrolment AND sealed_totp_seed = ${totp.sealedSeed}`
        if (!flow || !(await consumeFlow(transaction, { userId: flow.user_id, flowHash }))) return false
        const userId = flow.user_id
        await putTotp(transaction, userId, totp)
        state = await raiseCredentialsVersion(transaction, userId)
        await recordAuditEvent(transaction, { type: 'totp.added', userId, origin })
        await tellUser(transaction, userId, { template: 'second_factor_added', language })
        return true
      })
      return state
    },
    beginTotp: ({ userId, sessionId, sealedSeed }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const [existing] = await transaction.$queryRaw<unknown[]>`
            SELECT 1 FROM totp_factors WHERE user_id = ${userId}::uuid`
          if (existing) return 'exists' as const
          await transaction.$executeRaw`
            INSERT INTO totp_enrolments (user_id, session_id, sealed_seed, expires_at)
            SELECT id, ${sessionId}::uuid, ${sealedSeed}, ${databaseNow} + ${seconds(enrolmentSeconds)}
            FROM users WHERE id = ${userId}::uuid
            ON CONFLICT (user_id) DO UPDATE SET session_id = EXCLUDED.session_id, sealed_seed = EXCLUDED.sealed_seed,
              expires_at = EXCLUDED.expires_at`
          return 'begun' as const
        })
      ),
    async pendingSeedOf({ userId, sessionId }) {
      const [row] = await orUnavailable(database.$queryRaw<{ sealed_seed: Uint8Array }[]>`
        SELECT sealed_seed FROM totp_enrolments
        WHERE user_id = ${userId}::uuid AND session_id = ${sessionId}::uuid AND expires_at > ${databaseNow}`)
      return row?.sealed_seed
    },
    confirmTotp: ({ sealedSeed, step, recoveryHashes, ...change }) =>
      changing(change, async (transaction) => {
        const { userId, sessionId, language } = change
        const confirmed = await transaction.$executeRaw`
          DELETE FROM totp_enrolments WHERE user_id = ${userId}::uuid AND session_id = ${sessionId}::uuid
            AND sealed_seed = ${sealedSeed} AND expires_at > ${databaseNow}`
        if (confirmed === 0) return 'expired' as const
        await putTotp(transaction, userId, { sealedSeed, step, recoveryHashes })
        await raiseCredentialsVersion(transaction, userId)
        await recordAuditEvent(transaction, { type: 'totp.added', ...change })
        await tellUser(transaction, userId, { template: 'second_factor_added', language })
        return 'added' as const
      }),
    removeTotp: ({ keepsOne, ...change }) =>
      changing(change, async (transaction) => {
        const { userId, language } = change
        const [others] = await transaction.$queryRaw<{ exists: boolean }[]>`
          SELECT EXISTS (SELECT FROM passkeys WHERE user_id = ${userId}::uuid) AS exists`
        if (keepsOne && !others?.exists) return 'last' as const
        const removed = await transaction.$executeRaw`DELETE FROM totp_factors WHERE user_id = ${userId}::uuid`
        if (removed === 0) return 'none' as const
        await dropUselessRecoveryCodes(transaction, userId)
        await raiseCredentialsVersion(transaction, userId)
        await recordAuditEvent(transaction, { type: 'totp.removed', ...change })
        await tellUser(transaction, userId, { template: 'second_factor_removed', language })
        return 'removed' as const
      }),
    renewRecoveryCodes: ({ hashes, ...change }) =>
      changing(change, async (transaction) => {
        const { userId, language } = change
        const [row] = await transaction.$queryRaw<{ has: boolean }[]>`SELECT ${hasFactor(userId)} AS has`
        if (!row?.has) return 'none' as const
        await putRecoveryCodes(transaction, userId, hashes)
        await raiseCredentialsVersion(transaction, userId)
        await recordAuditEvent(transaction, { type: 'recovery_codes.renewed', ...change })
        await tellUser(transaction, userId, { template: 'recovery_codes_renewed', language })
        return 'renewed' as const
      }),
    reset: ({ userId, actorId }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await lockUserAdministration(transaction)
          if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' } as const
          const state = await raiseCredentialsVersion(transaction, userId)
          if (state === undefined) return { outcome: 'unknown' } as const
          const totp = await transaction.$executeRaw`DELETE FROM totp_factors WHERE user_id = ${userId}::uuid`
          const passkeys = await transaction.$executeRaw`DELETE FROM passkeys WHERE user_id = ${userId}::uuid`
          await dropUselessRecoveryCodes(transaction, userId)
          await transaction.$executeRaw`DELETE FROM trusted_devices WHERE user_id = ${userId}::uuid`
          await recordAuditEvent(transaction, { type: 'second_factors.reset', userId, actorId })
          await tellUser(transaction, userId, { template: 'second_factors_reset', language: null })
          const ended = await endGroup(transaction, { userId }, { reason: 'second_factors_reset', actorId })
          return { outcome: 'reset', removed: totp + passkeys, ...ended } as const
        })
      )
  }

  async function overviewOf(userId: string) {
    const [row] = await database.$queryRaw<{ created_at: Date | null; last_used_at: Date | null; codes: number }[]>`
      SELECT t.created_at, t.last_used_at, (
        SELECT count(*)::int FROM recovery_codes WHERE user_id = ${userId}::uuid AND used_at IS NULL) AS codes
      FROM (SELECT 1) one LEFT JOIN totp_factors t ON t.user_id = ${userId}::uuid`
    return {
      totp: row?.created_at ? { createdAt: row.created_at, lastUsedAt: row.last_used_at } : undefined,
      recoveryCodesLeft: row?.codes ?? 0
    }
  }

  async function allOrNothing(work: (transaction: Queryable) => Promise<boolean>): Promise<boolean> {
    try {
      return await orUnavailable(
        inTransaction(database, async (transaction) => {
          if (!(await work(transaction))) throw new Undone()
          return true
        })
      )
    } catch (error) {
      if (error instanceof Undone) return false
      throw error
    }
  }

  function changing<Outcome>(
    { userId, sessionId }: FactorChange,
    work: (transaction: Queryable) => Promise<Outcome>
  ): Promise<Outcome | 'session_ended'> {
    return orUnavailable(
      inTransaction(database, async (transaction) =>
        (await lockLiveSession(transaction, { userId, familyId: sessionId })) ? work(transaction) : 'session_ended'
      )
    )
  }
}

/** For the change of a master key. */
export function createPrismaSealedSeeds(database: Database): SealedSeeds {
  return {
    async page(after, limit) {
      const rows = await orUnavailable(database.$queryRaw<{ user_id: string; sealed_seed: Uint8Array }[]>`
        SELECT user_id, sealed_seed FROM totp_factors
        WHERE ${after ?? null}::uuid IS NULL OR user_id > ${after ?? null}::uuid ORDER BY user_id LIMIT ${limit}`)
      return rows.map((row) => ({ userId: row.user_id, sealedSeed: row.sealed_seed }))
    },
    async replace(userId, former, sealedSeed) {
      await orUnavailable(database.$executeRaw`
        UPDATE totp_factors SET sealed_seed = ${sealedSeed}
        WHERE user_id = ${userId}::uuid AND sealed_seed = ${Uint8Array.from(former)}`)
    }
  }
}

const hasFactor = (userId: string) => Prisma.sql`(EXISTS (SELECT FROM totp_factors WHERE user_id = ${userId}::uuid)
  OR EXISTS (SELECT FROM passkeys WHERE user_id = ${userId}::uuid))`

async function putTotp(
  transaction: Queryable,
  userId: string,
  { sealedSeed, step, recoveryHashes }: ConfirmedTotp
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO totp_factors (user_id, sealed_seed, last_step, created_at)
    VALUES (${userId}::uuid, ${sealedSeed}, ${step}, ${databaseNow})
    ON CONFLICT (user_id) DO UPDATE SET sealed_seed = EXCLUDED.sealed_seed, last_step = EXCLUDED.last_step,
      created_at = EXCLUDED.created_at, last_used_at = NULL`
  await putRecoveryCodes(transaction, userId, recoveryHashes)
}

async function putRecoveryCodes(transaction: Queryable, userId: string, hashes: readonly Bytes[]): Promise<void> {
  await transaction.$executeRaw`DELETE FROM recovery_codes WHERE user_id = ${userId}::uuid`
  await transaction.$executeRaw`
    INSERT INTO recovery_codes (user_id, code_hash) SELECT ${userId}::uuid, unnest(${[...hashes]}::bytea[])`
}

/** They replace a second factor, but are not one. */
export async function dropUselessRecoveryCodes(transaction: Queryable, userId: string): Promise<void> {
  await transaction.$executeRaw`
    DELETE FROM recovery_codes WHERE user_id = ${userId}::uuid AND NOT ${hasFactor(userId)}`
}
