import { Prisma } from '@countersign/prisma'
import type { HeldScope, Role } from '../../roles/role.ts'
import type {
  NewRole,
  RoleAdministration,
  RoleChange,
  RoleChangeOutcome,
  RoleCreationOutcome,
  RoleDeletionOutcome
} from '../../roles/role-administration.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { pageOf } from './row-pages.ts'
import { recordSessionEnding } from './session-endings.ts'
import { lockUserAdministration } from './user-roles.ts'

interface RoleRow {
  name: string
  description: string
  created_at: Date
  scopes: HeldScope[]
}

const columns = Prisma.sql`r.name, r.description, r.created_at, coalesce((
  SELECT jsonb_agg(jsonb_build_object('api', rs.api, 'scope', rs.scope) ORDER BY rs.api, rs.scope)
  FROM role_scopes rs WHERE rs.role = r.name), '[]') AS scopes`

/** The roles in Postgres. Each change is one transaction that locks the role's row first. */
export function createPrismaRoleAdministration(database: Database): RoleAdministration {
  return {
    async list({ after, limit }) {
      const rows = await orUnavailable(
        database.$queryRaw<RoleRow[]>`
          SELECT ${columns} FROM roles r WHERE r.name > ${after ?? ''} ORDER BY r.name LIMIT ${limit + 1}`
      )
      const { page, last } = pageOf(rows, limit)
      return { roles: page.map(toRole), next: last?.name }
    },
    async find(name) {
      const rows = await orUnavailable(
        database.$queryRaw<RoleRow[]>`SELECT ${columns} FROM roles r WHERE r.name = ${name}`
      )
      return rows[0] && toRole(rows[0])
    },
    create: (role, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => create(transaction, role, actorId))),
    change: (name, change, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => applyChange(transaction, name, change, actorId))),
    delete: (name, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => remove(transaction, name, actorId)))
  }

  async function create(
    transaction: Queryable,
    { name, description, scopes }: NewRole,
    actorId: string | undefined
  ): Promise<RoleCreationOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const unknown = await findUnknownScope(transaction, scopes)
    if (unknown) return { outcome: 'unknown_scope', scope: unknown }
    const created = await transaction.$executeRaw`
      INSERT INTO roles (name, description) VALUES (${name}, ${description}) ON CONFLICT (name) DO NOTHING`
    if (created === 0) return { outcome: 'taken' }
    await giveScopes(transaction, name, scopes)
    await recordAuditEvent(transaction, { type: 'role.created', actorId, detail: { role: name, gained: scopes } })
    return { outcome: 'created', role: await read(transaction, name) }
  }

  async function applyChange(
    transaction: Queryable,
    name: string,
    { description, scopes, endsSessions = false }: RoleChange,
    actorId: string | undefined
  ): Promise<RoleChangeOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    // In a statement of its own: the next one sees what a change before this one has given the role.
    await transaction.$queryRaw`SELECT 1 FROM roles WHERE name = ${name} FOR UPDATE`
    const [row] = await transaction.$queryRaw<RoleRow[]>`SELECT ${columns} FROM roles r WHERE r.name = ${name}`
    if (!row) return { outcome: 'unknown' }
    const wanted = scopes ?? row.scopes
    const unknown = await findUnknownScope(transaction, wanted)
    if (unknown) return { outcome: 'unknown_scope', scope: unknown }
    await transaction.$executeRaw`UPDATE roles SET description = ${description ?? row.description} WHERE name = ${name}`
    const [gained, lost] = [without(wanted, row.scopes), without(row.scopes, wanted)]
    await takeScopes(transaction, name, lost)
    await giveScopes(transaction, name, gained)
    if (endsSessions) await recordEndings(transaction, name, lost, actorId)
    const isOther = description !== undefined && description !== row.description
    if (isOther || gained.length + lost.length > 0) {
      await recordAuditEvent(transaction, { type: 'role.changed', actorId, detail: { role: name, gained, lost } })
    }
    return { outcome: 'changed', role: await read(transaction, name) }
  }

  /** Users are given roles under the same lock. */
  async function remove(
    transaction: Queryable,
    name: string,
    actorId: string | undefined
  ): Promise<RoleDeletionOutcome> {
    await lockUserAdministration(transaction)
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const users = await transaction.$queryRaw<unknown[]>`SELECT 1 FROM users WHERE ${name} = ANY(roles) LIMIT 1`
    if (users.length > 0) return { outcome: 'in_use' }
    const deleted = await transaction.$executeRaw`DELETE FROM roles WHERE name = ${name}`
    if (deleted === 0) return { outcome: 'unknown' }
    await recordAuditEvent(transaction, { type: 'role.deleted', actorId, detail: { role: name } })
    return { outcome: 'deleted' }
  }
}

/** The scopes cannot go until the transaction ends. */
async function findUnknownScope(transaction: Queryable, scopes: readonly HeldScope[]): Promise<HeldScope | undefined> {
  const known = await transaction.$queryRaw<HeldScope[]>`
    SELECT s.api, s.name AS scope FROM api_scopes s
    WHERE (s.api, s.name) IN (SELECT * FROM unnest(${apisOf(scopes)}::text[], ${namesOf(scopes)}::text[])) FOR KEY SHARE`
  return without(scopes, known)[0]
}

async function giveScopes(transaction: Queryable, role: string, scopes: readonly HeldScope[]): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO role_scopes (role, api, scope)
    SELECT ${role}, api, scope FROM unnest(${apisOf(scopes)}::text[], ${namesOf(scopes)}::text[]) AS given (api, scope)`
}

async function takeScopes(transaction: Queryable, role: string, scopes: readonly HeldScope[]): Promise<void> {
  await transaction.$executeRaw`
    DELETE FROM role_scopes WHERE role = ${role} AND (api, scope) IN (
      SELECT * FROM unnest(${apisOf(scopes)}::text[], ${namesOf(scopes)}::text[]))`
}

async function recordEndings(
  transaction: Queryable,
  role: string,
  lost: readonly HeldScope[],
  actorId: string | undefined
): Promise<void> {
  for (const api of new Set(apisOf(lost))) {
    const scopes = namesOf(lost.filter((one) => one.api === api))
    await recordSessionEnding(transaction, { roles: [role], api, scopes }, actorId)
  }
}

async function read(transaction: Queryable, name: string): Promise<Role> {
  const rows = await transaction.$queryRaw<RoleRow[]>`SELECT ${columns} FROM roles r WHERE r.name = ${name}`
  return toRole(rows[0] as RoleRow)
}

function without(some: readonly HeldScope[], others: readonly HeldScope[]): HeldScope[] {
  return some.filter(({ api, scope }) => !others.some((other) => other.api === api && other.scope === scope))
}

function apisOf(scopes: readonly HeldScope[]): string[] {
  return scopes.map(({ api }) => api)
}

function namesOf(scopes: readonly HeldScope[]): string[] {
  return scopes.map(({ scope }) => scope)
}

function toRole(row: RoleRow): Role {
  return { name: row.name, description: row.description, scopes: row.scopes, createdAt: row.created_at }
}
