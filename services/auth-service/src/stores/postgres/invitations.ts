import { randomUUID } from 'node:crypto'
import { Prisma } from '@countersign/prisma'
import { emailKeyOf } from '../../accounts/email-addresses.ts'
import {
  type Acceptance,
  type AcceptanceOutcome,
  type Invitation,
  type InvitationRefusal,
  type Invitations,
  invitationLifetimeSeconds,
  type NewInvitation
} from '../../accounts/invitations.ts'
import { languages } from '../../mail/mail.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, isUniqueViolation, orUnavailable, type Queryable } from './database.ts'
import { gotEnoughMail, languageOf } from './mail-outbox.ts'
import type { MailCause } from './one-time-secrets.ts'
import { databaseNow, seconds } from './revocation-entries.ts'
import { pageOf } from './row-pages.ts'
import { ensureRoles, lockUserAdministration } from './user-roles.ts'
import { insertUser } from './user-store.ts'

interface InvitationRow {
  id: string
  email: string
  username: string | null
  roles: string[]
  language: string | null
  invited_by: string | null
  inviter: string | null
  at: Date
  expires_at: Date
}

const columns = Prisma.sql`i.id, i.email, i.username, i.roles, i.language, i.invited_by,
  (SELECT u.username FROM users u WHERE u.id = i.invited_by) AS inviter, i.created_at AS at, i.expires_at`

/** Undoes the transaction, and says why. */
class Refused extends Error {
  readonly outcome: Exclude<AcceptanceOutcome['outcome'], 'accepted'>

  constructor(outcome: Refused['outcome']) {
    super(outcome)
    this.outcome = outcome
  }
}

export function createPrismaInvitations(database: Database, { codec, writeMail }: MailCause): Invitations {
  return {
    create: (invitation, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => create(transaction, invitation, actorId))),

    async list({ after, limit }) {
      const isLater = after
        ? Prisma.sql`WHERE (i.created_at, i.id) < (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`
        : Prisma.empty
      const rows = await orUnavailable(database.$queryRaw<InvitationRow[]>`
        SELECT ${columns} FROM invitations i ${isLater} ORDER BY i.created_at DESC, i.id DESC LIMIT ${limit + 1}`)
      const { page, last } = pageOf(rows, limit)
      return { invitations: page.map(toInvitation), next: last }
    },

    sendAgain: (id, actorId) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await lockUserAdministration(transaction)
          if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
          const [row] = await transaction.$queryRaw<InvitationRow[]>`
            SELECT ${columns} FROM invitations i WHERE i.id = ${id}::uuid FOR UPDATE`
          if (!row) return { outcome: 'unknown' }
          const refusal = await refusalOf(transaction, row.email)
          if (refusal) return { outcome: refusal }
          const linkHash = await mailLink(transaction, row)
          const [sent] = (await transaction.$queryRaw<InvitationRow[]>`
            UPDATE invitations i SET link_hash = ${linkHash}, invited_by = ${actorId ?? null}::uuid,
              expires_at = ${databaseNow} + ${seconds(invitationLifetimeSeconds)}
            WHERE i.id = ${id}::uuid RETURNING ${columns}`) as [InvitationRow]
          await recordAuditEvent(transaction, { type: 'invitation.sent', actorId, detail: detailOf(sent) })
          return { outcome: 'sent', invitation: toInvitation(sent) }
        })
      ),

    withdraw: (id, actorId) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await lockUserAdministration(transaction)
          if (!(await mayAdminister(transaction, actorId))) return 'not_an_admin'
          const [row] = await transaction.$queryRaw<InvitationRow[]>`
            DELETE FROM invitations i WHERE i.id = ${id}::uuid RETURNING ${columns}`
          if (!row) return 'unknown'
          await recordAuditEvent(transaction, { type: 'invitation.withdrawn', actorId, detail: detailOf(row) })
          return 'withdrawn'
        })
      ),

    async find(linkHash) {
      const [row] = await orUnavailable(database.$queryRaw<InvitationRow[]>`
        SELECT ${columns} FROM invitations i WHERE i.link_hash = ${linkHash} AND i.expires_at > ${databaseNow}`)
      return row && toInvitation(row)
    },

    accept: (acceptance) =>
      orUnavailable(
        inTransaction(database, (transaction) => accept(transaction, acceptance)).catch((error: unknown) => {
          if (error instanceof Refused) return { outcome: error.outcome }
          if (isUniqueViolation(error)) return { outcome: 'address_taken' as const }
          throw error
        })
      )
  }

  async function create(
    transaction: Queryable,
    { email, username, roles, language }: NewInvitation,
    actorId: string | undefined
  ): Promise<{ outcome: 'created'; invitation: Invitation } | { outcome: InvitationRefusal }> {
    await lockUserAdministration(transaction)
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const refusal = await refusalOf(transaction, email)
    if (refusal) return { outcome: refusal }
    const isInvited = await transaction.$queryRaw<unknown[]>`
      SELECT 1 FROM invitations WHERE email_key = ${emailKeyOf(email)}`
    if (isInvited.length > 0) return { outcome: 'already_invited' }
    await ensureRoles(transaction, roles)
    const linkHash = await mailLink(transaction, { email, language: language ?? null })
    const [row] = (await transaction.$queryRaw<InvitationRow[]>`
      INSERT INTO invitations AS i (id, email, email_key, username, roles, language, invited_by, link_hash, expires_at)
      VALUES (${randomUUID()}::uuid, ${email}, ${emailKeyOf(email)}, ${username?.display ?? null}, ${roles}, ${language ?? null},
        ${actorId ?? null}::uuid, ${linkHash}, ${databaseNow} + ${seconds(invitationLifetimeSeconds)})
      RETURNING ${columns}`) as [InvitationRow]
    await recordAuditEvent(transaction, { type: 'invitation.created', actorId, detail: detailOf(row) })
    return { outcome: 'created', invitation: toInvitation(row) }
  }

  /** @returns the hash of the link's secret */
  async function mailLink(transaction: Queryable, { email, language }: { email: string; language: string | null }) {
    const { secret, linkHash } = codec.newLink()
    await writeMail(transaction, {
      userId: undefined,
      recipient: email,
      template: 'invitation',
      language: languageOf(language, null),
      username: '',
      secret: { value: secret, lifetimeSeconds: invitationLifetimeSeconds }
    })
    return linkHash
  }
}

async function refusalOf(transaction: Queryable, email: string): Promise<'address_taken' | 'too_many' | undefined> {
  const owners = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM users WHERE email_key = ${emailKeyOf(email)} AND email_verified_at IS NOT NULL`
  if (owners.length > 0) return 'address_taken'
  return (await gotEnoughMail(transaction, { recipient: email, template: 'invitation', username: '' }))
    ? 'too_many'
    : undefined
}

async function accept(
  transaction: Queryable,
  { linkHash, username, passwordHash, language, origin }: Acceptance
): Promise<AcceptanceOutcome> {
  // Takes turns with changes of admins, so that the inviter's rights are those of this moment.
  await lockUserAdministration(transaction)
  const [invitation] = await transaction.$queryRaw<InvitationRow[]>`
    DELETE FROM invitations i WHERE i.link_hash = ${linkHash} AND i.expires_at > ${databaseNow} RETURNING ${columns}`
  if (!invitation) throw new Refused('invalid')
  const roles = await rolesToGive(transaction, invitation)
  const user = await insertUser(transaction, {
    username,
    email: invitation.email,
    isEmailVerified: true,
    passwordHash,
    language: languages.find((one) => one === invitation.language) ?? language,
    roles,
    origin
  })
  if (!user) throw new Refused('username_taken')
  await recordAuditEvent(transaction, {
    type: 'invitation.accepted',
    userId: user.id,
    origin,
    detail: { ...detailOf(invitation), roles }
  })
  return { outcome: 'accepted', user }
}

/** A role that was deleted since stays deleted. */
async function rolesToGive(transaction: Queryable, { roles, invited_by }: InvitationRow): Promise<string[]> {
  if (!(await mayAdminister(transaction, invited_by ?? undefined))) return []
  const rows = await transaction.$queryRaw<{ name: string }[]>`
    SELECT name FROM roles WHERE name = ANY(${roles}::text[]) ORDER BY name`
  return rows.map(({ name }) => name)
}

/** Not the address: the audit log is kept for longer. */
function detailOf({ id, roles }: InvitationRow) {
  return { invitation: id, roles }
}

function toInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    email: row.email,
    username: row.username,
    roles: row.roles,
    language: row.language,
    invitedBy: row.invited_by === null ? null : { id: row.invited_by, username: row.inviter },
    createdAt: row.at,
    expiresAt: row.expires_at
  }
}
