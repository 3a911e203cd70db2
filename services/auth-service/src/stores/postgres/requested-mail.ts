import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import { isMailable } from '../../accounts/email-addresses.ts'
import type { RequestedMail } from '../../accounts/requested-mail.ts'
import type { Bytes } from '../../hashes.ts'
import { networkOf } from '../../sign-in/networks.ts'
import { auditEventType, recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { languageOf } from './mail-outbox.ts'
import { type MailCause, mailSecret } from './one-time-secrets.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

/**
 * For one user and kind of mail, in an hour. One network cannot use up all of them, and all strangers leave some for networks that the
 * user has signed in from.
 */
const mailsPerHour = { forOneNetwork: 3, forStrangers: 9, inAll: 15 }
/** A request that has waited longer is dropped: its user has asked again by then. */
const requestLifetimeSeconds = 3600

interface RequestRow {
  email_key: string | null
  username_key: string | null
  flow_hash: Uint8Array
  language: string
  address: string
  user_agent: string
}

interface RequestKind {
  /** Where the requests wait. */
  readonly table: 'mail_sign_in_requests' | 'password_reset_requests'
  readonly purpose: 'mail_sign_in' | 'password_reset'
  /** The mails of an hour are counted by these events. */
  readonly type: AuditEventType
}

export function createPrismaRequestedMail(
  database: Database,
  cause: MailCause,
  { table, purpose, type }: RequestKind
): RequestedMail {
  const requests = Prisma.raw(table)
  return {
    async request({ emailKey, usernameKey, flowHash, language, origin }) {
      await orUnavailable(database.$executeRaw`
        INSERT INTO ${requests} (email_key, username_key, flow_hash, language, address, user_agent)
        VALUES (${emailKey ?? null}, ${usernameKey ?? null}, ${flowHash}, ${language}, ${origin.address}, ${origin.userAgent})`)
    },

    async prepareMail() {
      // Mostly there is none, and then no transaction either.
      const waiting = await orUnavailable(database.$queryRaw<unknown[]>`SELECT 1 FROM ${requests} LIMIT 1`)
      if (waiting.length === 0) return false
      return orUnavailable(
        inTransaction(database, async (transaction) => {
          const [request] = await transaction.$queryRaw<(RequestRow & { is_fresh: boolean })[]>`
            DELETE FROM ${requests} WHERE id = (
              SELECT id FROM ${requests} ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING *, created_at > ${databaseNow} - ${seconds(requestLifetimeSeconds)} AS is_fresh`
          if (request?.is_fresh) await prepareMail(transaction, request)
          return request !== undefined
        })
      )
    }
  }

  async function prepareMail(transaction: Queryable, request: RequestRow): Promise<void> {
    const [user] = await transaction.$queryRaw<
      { id: string; username: string; email: string; language: string | null; is_known_network: boolean }[]
    >`
      SELECT id, username, email, language,
        EXISTS (SELECT FROM refresh_token_families f WHERE f.user_id = users.id AND f.sign_in_network = ${networkOf(request.address)})
          AS is_known_network
      FROM users
      WHERE (email_key = ${request.email_key} OR username_key = ${request.username_key})
        AND email_verified_at IS NOT NULL AND disabled_at IS NULL
      ORDER BY email_key = ${request.email_key} DESC LIMIT 1 FOR NO KEY UPDATE`
    if (!user || !isMailable(user.email)) return
    // Past a limit the last link stays valid.
    if (await isPastLimit(transaction, type, user, request.address)) return
    await mailSecret(transaction, cause, {
      user,
      purpose,
      flowHash: request.flow_hash as Bytes,
      language: languageOf(user.language, request.language)
    })
    const origin = { address: request.address, userAgent: request.user_agent }
    await recordAuditEvent(transaction, { type, userId: user.id, origin })
  }
}

async function isPastLimit(
  transaction: Queryable,
  type: AuditEventType,
  { id, is_known_network: isKnown }: { id: string; is_known_network: boolean },
  address: string
): Promise<boolean> {
  const before = await transaction.$queryRaw<{ address: string | null }[]>`
    SELECT address FROM audit_events
    WHERE user_id = ${id}::uuid AND type = ${auditEventType(type)} AND at > ${databaseNow} - ${seconds(3600)}`
  if (before.length >= (isKnown ? mailsPerHour.inAll : mailsPerHour.forStrangers)) return true
  const fromHere = before.filter((one) => one.address !== null && networkOf(one.address) === networkOf(address))
  return fromHere.length >= mailsPerHour.forOneNetwork
}
