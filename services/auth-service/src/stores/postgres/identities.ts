import { randomInt, randomUUID } from 'node:crypto'
import { TemporarilyUnavailableError } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import { emailKeyOf } from '../../accounts/email-addresses.ts'
import type { ClientInfo } from '../../client-info.ts'
import {
  type Identities,
  type Identity,
  type IdentityAdministration,
  type LinkRequest,
  maxIdentities,
  type SignInByIdentity
} from '../../providers/identities.ts'
import { decideFirstSignIn, isAddressProven } from '../../providers/linking-rules.ts'
import type { Arrival } from '../../providers/provider.ts'
import { usernamesOf } from '../../providers/usernames-of-arrivals.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { credentialsState, raiseCredentialsVersion } from './credentials-state.ts'
import { type Database, inTransaction, isUniqueViolation, orUnavailable, type Queryable } from './database.ts'
import { lockLiveSession, lockUser } from './ending-families.ts'
import { secondFactors } from './factor-columns.ts'
import type { TellUser } from './mail-outbox.ts'
import { kindOf } from './providers.ts'
import { databaseNow } from './revocation-entries.ts'
import { endGroup } from './session-groups.ts'
import { hasSignInMethod } from './sign-in-methods.ts'
import { lockUserAdministration } from './user-roles.ts'
import { insertUser } from './user-store.ts'

interface IdentityRow {
  id: string
  provider_id: string
  provider_name: string
  kind: string
  address: string | null
  created_at: Date
  last_used_at: Date | null
}

type Resolved = Awaited<ReturnType<Identities['resolve']>>
type ResolvedUser = Extract<Resolved, { userId: string }>
type Outcome = Exclude<Resolved, ResolvedUser> | Omit<ResolvedUser, 'credentialsState'>

const maxAttempts = 3

export function createPrismaIdentities(database: Database, tellUser: TellUser): Identities {
  return {
    resolve: (signIn) => inAttempts(async (transaction) => withState(transaction, await resolve(transaction, signIn))),
    link: (request) => inAttempts((transaction) => link(transaction, request)),
    async ownerOf({ issuer, subject }) {
      const [row] = await orUnavailable(database.$queryRaw<{ user_id: string }[]>`
        UPDATE identities SET last_used_at = ${databaseNow} WHERE issuer = ${issuer} AND subject = ${subject} RETURNING user_id`)
      return row?.user_id
    },
    listOf: (userId) => orUnavailable(listOf(database, userId)),
    unlink: ({ id, userId, sessionId, language, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          if (!(await lockLiveSession(transaction, { userId, familyId: sessionId }))) return 'session_ended'
          const outcome = await unlink(transaction, { id, userId }, { sessionId, origin })
          if (outcome !== 'unlinked') return outcome
          await tellUser(transaction, userId, { template: 'identity_unlinked', language: language ?? null })
          return outcome
        })
      )
  }

  /** Another replica may link the same identity, or verify the same address, at the same moment: then the next attempt finds that. */
  async function inAttempts<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await orUnavailable(inTransaction(database, work))
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === maxAttempts) throw error
      }
    }
  }

  /** The row of the identity is locked: one that unlinks it waits, and then changes the state. */
  async function withState(transaction: Queryable, resolved: Outcome): Promise<Resolved> {
    if (!('userId' in resolved)) return resolved
    const [user] = await transaction.$queryRaw<{ state: string }[]>`
      SELECT ${credentialsState} AS state FROM users WHERE id = ${resolved.userId}::uuid`
    return { ...resolved, credentialsState: user?.state ?? '' }
  }

  async function resolve(transaction: Queryable, signIn: SignInByIdentity): Promise<Outcome> {
    const { provider, arrival, registration, language, origin } = signIn
    const [known] = await transaction.$queryRaw<{ user_id: string }[]>`
      UPDATE identities SET last_used_at = ${databaseNow}, address = coalesce(${arrival.address ?? null}, address)
      WHERE issuer = ${arrival.issuer} AND subject = ${arrival.subject} RETURNING user_id`
    if (known) return { outcome: 'known', userId: known.user_id }
    // Anybody can enter an address that a provider does not verify: it would reveal who has an account here.
    const address = arrival.isAddressVerified ? arrival.address : undefined
    const owner = await ownerOf(transaction, address)
    const isProven = isAddressProven(provider, arrival)
    const decision = decideFirstSignIn({
      hasAccountAtAddress: owner !== undefined,
      isAddressProven: isProven,
      hasSecondFactor: owner?.has_second_factor === true,
      registration
    })
    if (decision === 'link' && owner) {
      if (owner.is_disabled) return { outcome: 'disabled', userId: owner.id }
      await insertIdentity(transaction, signIn, owner.id)
      await noteLink(transaction, signIn, { userId: owner.id, isAutomatic: true })
      return { outcome: 'linked', userId: owner.id }
    }
    if (decision !== 'create') return { outcome: decision === 'link' ? 'account_exists' : decision }
    await signIn.beforeCreation()
    for (const username of usernamesOf(arrival, () => String(randomInt(1000, 1_000_000)))) {
      const user = await insertUser(transaction, {
        username,
        displayName: arrival.displayName,
        email: address,
        isEmailVerified: isProven,
        passwordHash: signIn.unusableHash,
        language,
        roles: [],
        origin
      })
      if (!user) continue
      await insertIdentity(transaction, signIn, user.id)
      const detail = { provider: provider.id }
      await recordAuditEvent(transaction, { type: 'identity.linked', userId: user.id, origin, detail })
      return { outcome: 'created', userId: user.id }
    }
    // The next try draws other names.
    throw new TemporarilyUnavailableError({ detail: 'every username that was tried is taken' })
  }

  async function link(transaction: Queryable, request: LinkRequest): Promise<Awaited<ReturnType<Identities['link']>>> {
    const { userId, sessionId, arrival } = request
    if (!(await lockLiveSession(transaction, { userId, familyId: sessionId }))) return { outcome: 'session_ended' }
    const same = await transaction.$queryRaw<unknown[]>`
      SELECT 1 FROM users WHERE id = ${userId}::uuid AND ${credentialsState} = ${request.credentialsState} AND disabled_at IS NULL`
    if (same.length === 0) return { outcome: 'user_changed' }
    const [taken] = await transaction.$queryRaw<{ id: string; user_id: string }[]>`
      SELECT id, user_id FROM identities WHERE issuer = ${arrival.issuer} AND subject = ${arrival.subject}`
    const before = await listOf(transaction, userId)
    if (taken) {
      const identity = before.find(({ id }) => id === taken.id)
      return identity ? { outcome: 'linked_before', identity } : { outcome: 'linked_to_another' }
    }
    if (before.length >= maxIdentities) return { outcome: 'too_many' }
    const id = await insertIdentity(transaction, request, userId)
    await noteLink(transaction, request, { userId, sessionId })
    const identity = (await listOf(transaction, userId)).find((one) => one.id === id) as Identity
    return { outcome: 'linked', identity }
  }

  async function noteLink(
    transaction: Queryable,
    { provider, language, origin }: Pick<SignInByIdentity, 'provider' | 'language' | 'origin'>,
    { userId, sessionId, isAutomatic }: { userId: string; sessionId?: string; isAutomatic?: true }
  ): Promise<void> {
    await raiseCredentialsVersion(transaction, userId)
    const detail = { provider: provider.id, ...(isAutomatic && { automatic: true }) }
    await recordAuditEvent(transaction, { type: 'identity.linked', userId, sessionId, origin, detail })
    await tellUser(transaction, userId, { template: 'identity_linked', language: language ?? null })
  }
}

export function createPrismaIdentityAdministration(database: Database, tellUser: TellUser): IdentityAdministration {
  return {
    unlink: ({ id, userId, actorId }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await lockUserAdministration(transaction)
          if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' } as const
          await lockUser(transaction, userId)
          const outcome = await unlink(transaction, { id, userId }, { actorId })
          if (outcome !== 'unlinked') return { outcome }
          await tellUser(transaction, userId, { template: 'identity_unlinked_by_admin', language: null })
          return { outcome, ...(await endGroup(transaction, { userId }, { reason: 'ended_by_admin', actorId })) }
        })
      )
  }
}

/** The user's row is locked: of two that unlink the last two identities, one is refused. */
async function unlink(
  transaction: Queryable,
  { id, userId }: { id: string; userId: string },
  cause: { sessionId?: string; actorId?: string; origin?: ClientInfo }
): Promise<'unlinked' | 'unknown' | 'last_way_in'> {
  const [identity] = (await listOf(transaction, userId)).filter((one) => one.id === id)
  if (!identity) return 'unknown'
  if (!(await hasOtherWayIn(transaction, userId, id))) return 'last_way_in'
  await transaction.$executeRaw`DELETE FROM identities WHERE id = ${id}::uuid`
  await raiseCredentialsVersion(transaction, userId)
  const detail = { provider: identity.provider.id }
  await recordAuditEvent(transaction, { type: 'identity.unlinked', userId, ...cause, detail })
  return 'unlinked'
}

/** The user who has verified an address, whose row is locked. */
async function ownerOf(transaction: Queryable, address: string | undefined) {
  if (address === undefined) return undefined
  const [owner] = await transaction.$queryRaw<{ id: string; is_disabled: boolean; has_second_factor: boolean }[]>`
    SELECT id, disabled_at IS NOT NULL AS is_disabled, cardinality(${secondFactors}) > 0 AS has_second_factor FROM users
    WHERE email_key = ${emailKeyOf(address)} AND email_verified_at IS NOT NULL FOR NO KEY UPDATE`
  return owner
}

async function insertIdentity(
  transaction: Queryable,
  { provider, arrival }: { provider: { id: string }; arrival: Arrival },
  userId: string
): Promise<string> {
  const id = randomUUID()
  await transaction.$executeRaw`
    INSERT INTO identities (issuer, subject, id, user_id, provider_id, address, created_at, last_used_at)
    VALUES (${arrival.issuer}, ${arrival.subject}, ${id}::uuid, ${userId}::uuid, ${provider.id}, ${arrival.address ?? null},
      ${databaseNow}, ${databaseNow})`
  return id
}

async function listOf(queryable: Queryable, userId: string): Promise<Identity[]> {
  const rows = await queryable.$queryRaw<IdentityRow[]>`
    SELECT i.id, i.provider_id, p.name AS provider_name, p.kind, i.address, i.created_at, i.last_used_at
    FROM identities i JOIN identity_providers p ON p.id = i.provider_id
    WHERE i.user_id = ${userId}::uuid ORDER BY i.created_at, i.id`
  return rows.map((row) => ({
    id: row.id,
    provider: { id: row.provider_id, name: row.provider_name, kind: kindOf(row.kind) },
    address: row.address,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at
  }))
}

async function hasOtherWayIn(transaction: Queryable, userId: string, identityId: string): Promise<boolean> {
  const [user] = await transaction.$queryRaw<{ has: boolean }[]>`
    SELECT ${hasSignInMethod({ identity: Prisma.sql`i.id <> ${identityId}::uuid` })} AS has FROM users u WHERE u.id = ${userId}::uuid`
  return user?.has === true
}
