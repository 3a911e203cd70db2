import { Prisma } from '@countersign/prisma'
import { isMailable } from '../../accounts/email-addresses.ts'
import type { SecondFactor } from '../../accounts/user-store.ts'
import type { Bytes } from '../../hashes.ts'
import type { SignInMethod } from '../../sign-in/needed-factor.ts'
import { flowSeconds, maxFlows, type SignInFlow, type SignInFlows } from '../../sign-in/sign-in-flows.ts'
import { credentialsState } from './credentials-state.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { isAdmin, secondFactors } from './factor-columns.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

interface FlowRow {
  user_id: string
  username: string
  verified_email: string | null
  credentials_state: string
  second_factors: SecondFactor[]
  is_admin: boolean
  methods: SignInMethod[]
  client_id: string
  audience: string[]
  asked_scopes: string[] | null
  jkt: string | null
  replaced_session_id: string | null
  is_enrolment: boolean
  has_proven_mailbox: boolean
  sealed_totp_seed: Uint8Array | null
}

export function createPrismaSignInFlows(database: Database): SignInFlows {
  return {
    begin: (hash, { user, methods, grant, jkt, replacedSessionId, isEnrolment }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          // A user who was deleted meanwhile has no flow.
          await transaction.$executeRaw`
            INSERT INTO sign_in_flows (flow_hash, user_id, credentials_state, methods, client_id, audience, asked_scopes, jkt,
              replaced_session_id, is_enrolment, has_proven_mailbox, created_at, expires_at)
            SELECT ${hash}, id, ${user.credentialsState}, ${[...methods]}, ${grant.clientId}, ${[...grant.audience]},
              ${grant.scopes === undefined ? null : [...grant.scopes]}::text[], ${jkt ?? null},
              ${replacedSessionId ?? null}::uuid, ${isEnrolment}, ${methods.includes('mail')}, ${databaseNow}, ${databaseNow} + ${seconds(flowSeconds)}
            FROM users WHERE id = ${user.id}::uuid FOR NO KEY UPDATE`
          await transaction.$executeRaw`
            DELETE FROM sign_in_flows WHERE flow_hash IN (
              SELECT flow_hash FROM sign_in_flows WHERE user_id = ${user.id}::uuid
              ORDER BY created_at DESC, flow_hash OFFSET ${maxFlows})`
        })
      ),
    async find(hash) {
      const [row] = await orUnavailable(database.$queryRaw<FlowRow[]>`
        SELECT f.user_id, users.username, CASE WHEN users.email_verified_at IS NOT NULL THEN users.email END AS verified_email,
          f.credentials_state, ${secondFactors} AS second_factors, ${isAdmin} AS is_admin, f.methods, f.client_id, f.audience,
          f.asked_scopes, f.jkt, f.replaced_session_id, f.is_enrolment, f.has_proven_mailbox, f.sealed_totp_seed
        FROM sign_in_flows f JOIN users ON users.id = f.user_id
        WHERE f.flow_hash = ${hash} AND ${isOpen}`)
      return row && toFlow(hash, row)
    },
    async putTotpSeed(hash, sealedSeed) {
      const updated = await orUnavailable(database.$executeRaw`
        UPDATE sign_in_flows SET sealed_totp_seed = ${sealedSeed}
        WHERE flow_hash = ${hash} AND is_enrolment AND expires_at > ${databaseNow}`)
      return updated > 0
    }
  }
}

/** A condition on a flow `f` and its user. */
const isOpen = Prisma.sql`f.expires_at > ${databaseNow} AND users.disabled_at IS NULL AND f.credentials_state = ${credentialsState}`

/**
 * Ends a flow, in the transaction that uses what it needs: of many that try at once, one succeeds. The user is locked first, as by a
 * sign-in and by a change of a credential.
 */
export async function consumeFlow(
  transaction: Queryable,
  { userId, flowHash }: { userId: string; flowHash: Bytes }
): Promise<boolean> {
  await transaction.$queryRaw`SELECT 1 FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
  const consumed = await transaction.$queryRaw<unknown[]>`
    DELETE FROM sign_in_flows f USING users
    WHERE f.flow_hash = ${flowHash} AND f.user_id = ${userId}::uuid AND users.id = f.user_id AND ${isOpen} RETURNING 1`
  return consumed.length > 0
}

function toFlow(hash: Bytes, row: FlowRow): SignInFlow {
  return {
    hash,
    user: {
      id: row.user_id,
      credentialsState: row.credentials_state,
      secondFactors: row.second_factors,
      isAdmin: row.is_admin
    },
    username: row.username,
    methods: row.methods,
    grant: { clientId: row.client_id, audience: row.audience, scopes: row.asked_scopes ?? undefined },
    jkt: row.jkt ?? undefined,
    replacedSessionId: row.replaced_session_id ?? undefined,
    isEnrolment: row.is_enrolment,
    hasMailbox: row.verified_email !== null && isMailable(row.verified_email),
    hasProvenMailbox: row.has_proven_mailbox,
    sealedTotpSeed: row.sealed_totp_seed ?? undefined
  }
}
