import { randomUUID } from 'node:crypto'
import { Prisma } from '@countersign/prisma'
import { isMailable } from '../../accounts/email-addresses.ts'
import { type Language, languages, type MailDraft, type MailTemplate } from '../../mail/mail.ts'
import type { ClaimedMail, DeadMail, MailAdministration, MailOutbox } from '../../mail/mail-outbox.ts'
import type { MailSealing } from '../../mail/mail-sealing.ts'
import { claimSeconds } from '../../outbox/outbox-worker.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { databaseNow, seconds } from './revocation-entries.ts'
import { pageOf } from './row-pages.ts'

const daySeconds = 86_400

/** Writes a mail in the transaction that causes it. Call it with the address that is stored for the user. */
export type WriteMail = (transaction: Queryable, draft: MailDraft) => Promise<void>

/**
 * Tells a user by mail what happened, in the transaction in which it does: at the verified address, if there is one and mail is sent.
 * @param language of the request, unless the user has one
 */
export type TellUser = (
  transaction: Queryable,
  userId: string,
  notice: { template: MailTemplate; language: string | null; until?: Date }
) => Promise<void>

/** @param writeMail absent where no mail is sent */
export function createTellUser(writeMail: WriteMail | undefined): TellUser {
  return async (transaction, userId, { template, language, until }) => {
    if (!writeMail) return
    const [user] = await transaction.$queryRaw<{ username: string; email: string; language: string | null }[]>`
      SELECT username, email, language FROM users WHERE id = ${userId}::uuid AND email_verified_at IS NOT NULL`
    if (!user || !isMailable(user.email)) return
    await writeMail(transaction, {
      userId: template === 'account_deleted' ? undefined : userId,
      recipient: user.email,
      template,
      language: languageOf(user.language, language),
      username: user.username,
      until
    })
  }
}

/** The user's own choice, or that of the request. */
export function languageOf(chosen: string | null, requested: string | null): Language {
  return languages.find((one) => one === chosen) ?? languages.find((one) => one === requested) ?? languages[0]
}

/**
 * @param from the domain of this address ends every Message-ID
 * @param sealing for mails with a secret
 */
export function createMailWriter({ sealing, from }: { sealing?: MailSealing; from: string }): WriteMail {
  const domain = from.slice(from.lastIndexOf('@') + 1)
  return async (transaction, { userId, recipient, template, language, username, until, secret }) => {
    if (!isMailable(recipient)) throw new TypeError('A mail is written for an address that mail can be sent to.')
    const id = randomUUID()
    if (secret && !sealing) throw new TypeError('A mail with a secret needs the master key.')
    const sealed = (secret && sealing?.seal(id, secret.value)) ?? null
    const parameters = JSON.stringify({ username, until: until?.toISOString() })
    const lifetimeSeconds = Math.min(daySeconds, secret?.lifetimeSeconds ?? daySeconds)
    await transaction.$executeRaw`
      INSERT INTO mail_outbox (id, user_id, recipient, template, language, parameters, has_secret, sealed_secret, message_id, give_up_at)
      VALUES (${id}::uuid, ${userId ?? null}::uuid, ${recipient}, ${template}, ${language}, ${parameters}::jsonb, ${secret !== undefined},
        ${sealed}, ${`<${id}@${domain}>`}, ${databaseNow} + ${seconds(lifetimeSeconds)})`
  }
}

/** Per address and template, for all accounts with that address. */
const mailsPerHour = 20

/**
 * So that no mailbox can be flooded: whether the address got as many mails of this template in the last hour as it may. For an account that
 * has caused none of them there is always one.
 */
export async function gotEnoughMail(
  transaction: Queryable,
  { recipient, template, username }: { recipient: string; template: MailTemplate; username: string }
): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ all: number; own: number }[]>`
    SELECT count(*)::int AS all, (count(*) FILTER (WHERE parameters->>'username' = ${username}))::int AS own FROM mail_outbox
    WHERE lower(recipient) = lower(${recipient}) AND created_at > ${databaseNow} - ${seconds(3600)} AND template = ${template}`
  return row !== undefined && row.all >= mailsPerHour && row.own > 0
}

interface ClaimedRow {
  id: string
  recipient: string
  template: MailTemplate
  language: Language
  username: string
  until: string | null
  message_id: string
  attempts: number
  sealed_secret: Uint8Array | null
  is_expired: boolean
  may_be_duplicate: boolean
}

const isWaiting = Prisma.sql`delivered_at IS NULL AND dead_at IS NULL`

export function createPrismaMailOutbox(database: Database): MailOutbox {
  return {
    async claim(limit) {
      // A claim that is still there belongs to a replica that crashed, perhaps after the mail server had taken the mail.
      const rows = await orUnavailable(database.$queryRaw<ClaimedRow[]>`
        WITH due AS (
          SELECT id, claimed_until IS NOT NULL AS was_claimed FROM mail_outbox
          WHERE ${isWaiting} AND next_attempt_at <= ${databaseNow} AND (claimed_until IS NULL OR claimed_until <= ${databaseNow})
          ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        )
        UPDATE mail_outbox m SET claimed_until = ${databaseNow} + ${seconds(claimSeconds)}, attempts = m.attempts + 1,
          may_be_duplicate = m.may_be_duplicate OR due.was_claimed
        FROM due WHERE m.id = due.id
        RETURNING m.id, m.recipient, m.template, m.language, m.parameters->>'username' AS username, m.parameters->>'until' AS until, m.message_id, m.attempts,
          m.sealed_secret, m.give_up_at <= ${databaseNow} AS is_expired, m.may_be_duplicate`)
      return rows.map(toClaimedMail)
    },
    async extendClaims(ids) {
      await orUnavailable(database.$executeRaw`
        UPDATE mail_outbox SET claimed_until = ${databaseNow} + ${seconds(claimSeconds)}
        WHERE id = ANY(${ids}::uuid[]) AND ${isWaiting} AND claimed_until IS NOT NULL`)
    },
    async settle({ id, attempt }, result) {
      const [change, isCurrent] =
        result.outcome === 'delivered'
          ? // Even if another replica sends it again by now.
            [Prisma.sql`delivered_at = ${databaseNow}, sealed_secret = NULL`, Prisma.sql`true`]
          : result.outcome === 'dead'
            ? [
                Prisma.sql`dead_at = ${databaseNow}, sealed_secret = NULL, last_error = ${result.reason}`,
                Prisma.sql`attempts = ${attempt}`
              ]
            : [
                Prisma.sql`last_error = ${result.reason}, may_be_duplicate = may_be_duplicate OR ${result.isOutcomeUnknown},
                  next_attempt_at = LEAST(give_up_at, ${databaseNow} + ${seconds(result.retryInSeconds)})`,
                Prisma.sql`attempts = ${attempt}`
              ]
      await orUnavailable(database.$executeRaw`
        UPDATE mail_outbox SET claimed_until = NULL, ${change} WHERE id = ${id}::uuid AND ${isWaiting} AND ${isCurrent}`)
    },
    async countWaiting() {
      const [row] = await orUnavailable(database.$queryRaw<{ waiting: number; oldest: number | null }[]>`
        SELECT count(*)::int AS waiting, EXTRACT(EPOCH FROM ${databaseNow} - min(created_at))::float8 AS oldest
        FROM mail_outbox WHERE ${isWaiting}`)
      return { waiting: row?.waiting ?? 0, oldestSeconds: row?.oldest ?? 0 }
    }
  }
}

function toClaimedMail(row: ClaimedRow): ClaimedMail {
  return {
    id: row.id,
    recipient: row.recipient,
    template: row.template,
    language: row.language,
    username: row.username,
    until: row.until === null ? undefined : new Date(row.until),
    messageId: row.message_id,
    attempt: row.attempts,
    sealedSecret: row.sealed_secret,
    isExpired: row.is_expired,
    mayBeDuplicate: row.may_be_duplicate
  }
}

interface DeadRow {
  id: string
  recipient: string
  template: MailTemplate
  created_at: Date
  at: Date
  attempts: number
  last_error: string | null
  has_secret: boolean
}

export function createPrismaMailAdministration(database: Database): MailAdministration {
  return {
    async listDead({ after, limit }) {
      const isLater = after
        ? Prisma.sql`AND (dead_at, id) < (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`
        : Prisma.empty
      const rows = await orUnavailable(database.$queryRaw<DeadRow[]>`
        SELECT id, recipient, template, created_at, dead_at AS at, attempts, last_error, has_secret FROM mail_outbox
        WHERE dead_at IS NOT NULL ${isLater} ORDER BY dead_at DESC, id DESC LIMIT ${limit + 1}`)
      const { page, last } = pageOf(rows, limit)
      return { mails: page.map(toDeadMail), next: last }
    },
    retry: (id, actorId) => orUnavailable(inTransaction(database, (transaction) => retry(transaction, id, actorId)))
  }
}

async function retry(transaction: Queryable, id: string, actorId: string | undefined) {
  if (!(await mayAdminister(transaction, actorId))) return 'not_an_admin'
  const [mail] = await transaction.$queryRaw<{ has_secret: boolean; template: string }[]>`
    SELECT has_secret, template FROM mail_outbox WHERE id = ${id}::uuid AND dead_at IS NOT NULL FOR UPDATE`
  if (!mail) return 'unknown'
  if (mail.has_secret) return 'secret_erased'
  await transaction.$executeRaw`
    UPDATE mail_outbox SET dead_at = NULL, attempts = 0, next_attempt_at = ${databaseNow},
      give_up_at = ${databaseNow} + ${seconds(daySeconds)} WHERE id = ${id}::uuid`
  await recordAuditEvent(transaction, { type: 'mail.retried', actorId, detail: { mail: id, template: mail.template } })
  return 'retried'
}

function toDeadMail(row: DeadRow): DeadMail {
  return {
    id: row.id,
    recipient: row.recipient,
    template: row.template,
    createdAt: row.created_at,
    deadAt: row.at,
    attempts: row.attempts,
    reason: row.last_error ?? '',
    canBeRetried: !row.has_secret
  }
}
