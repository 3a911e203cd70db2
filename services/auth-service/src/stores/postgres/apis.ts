import { randomUUID } from 'node:crypto'
import { Prisma } from '@countersign/prisma'
import type { Api, ApiScope } from '../../apis/api.ts'
import type {
  ApiAdministration,
  ApiChange,
  ApiChangeOutcome,
  ApiCreationOutcome,
  ApiDeletionOutcome,
  ApiName,
  NewApi
} from '../../apis/api-administration.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { pageOf } from './row-pages.ts'
import { recordSessionEnding } from './session-endings.ts'

interface ApiRow {
  id: string
  identifier: string
  name: string
  carries_roles: boolean
  created_at: Date
  scopes: ApiScope[]
}

const columns = Prisma.sql`a.id, a.identifier, a.name, a.carries_roles, a.created_at, coalesce((
  SELECT jsonb_agg(jsonb_build_object('name', s.name, 'description', s.description) ORDER BY s.name)
  FROM api_scopes s WHERE s.api = a.identifier), '[]') AS scopes`

/** The APIs in Postgres. Each change is one transaction that locks the API's row first. */
export function createPrismaApiAdministration(database: Database): ApiAdministration {
  return {
    async list({ after, limit }) {
      const rows = await orUnavailable(
        database.$queryRaw<ApiRow[]>`
          SELECT ${columns} FROM apis a WHERE a.identifier > ${after ?? ''} ORDER BY a.identifier LIMIT ${limit + 1}`
      )
      const { page, last } = pageOf(rows, limit)
      return { apis: page.map(toApi), next: last?.identifier }
    },
    async find(name) {
      const rows = await orUnavailable(
        database.$queryRaw<ApiRow[]>`SELECT ${columns} FROM apis a WHERE ${isNamed(name)}`
      )
      return rows[0] && toApi(rows[0])
    },
    create: (api, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => create(transaction, api, actorId))),
    change: (name, change, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => applyChange(transaction, name, change, actorId))),
    delete: (name, { endsSessions }, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => remove(transaction, name, endsSessions, actorId)))
  }

  async function create(
    transaction: Queryable,
    { identifier, name, carriesRoles, scopes }: NewApi,
    actorId: string | undefined
  ): Promise<ApiCreationOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const created = await transaction.$executeRaw`
      INSERT INTO apis (identifier, id, name, carries_roles)
      VALUES (${identifier}, ${randomUUID()}::uuid, ${name}, ${carriesRoles}) ON CONFLICT (identifier) DO NOTHING`
    if (created === 0) return { outcome: 'taken' }
    await saveScopes(transaction, identifier, scopes)
    await recordAuditEvent(transaction, { type: 'api.created', actorId, detail: { api: identifier } })
    return { outcome: 'created', api: await read(transaction, identifier) }
  }

  async function applyChange(
    transaction: Queryable,
    apiName: ApiName,
    { name, carriesRoles, scopes, endsSessions = false }: ApiChange,
    actorId: string | undefined
  ): Promise<ApiChangeOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const before = await lock(transaction, apiName)
    if (!before) return { outcome: 'unknown' }
    const { identifier } = before
    await transaction.$executeRaw`
      UPDATE apis SET name = ${name ?? before.name}, carries_roles = ${carriesRoles ?? before.carries_roles}
      WHERE identifier = ${identifier}`
    if (scopes) {
      const kept = new Set(scopes.map((scope) => scope.name))
      const lost = before.scopes.map((scope) => scope.name).filter((scope) => !kept.has(scope))
      await takeScopes(transaction, { api: identifier, scopes: lost, endsSessions }, actorId)
      await saveScopes(transaction, identifier, scopes)
    }
    const after = await read(transaction, identifier)
    const changed = changesOf(toApi(before), after)
    if (changed.length > 0)
      await recordAuditEvent(transaction, { type: 'api.changed', actorId, detail: { api: identifier, changed } })
    return { outcome: 'changed', api: after }
  }

  async function remove(
    transaction: Queryable,
    name: ApiName,
    endsSessions: boolean,
    actorId: string | undefined
  ): Promise<ApiDeletionOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const before = await lock(transaction, name)
    if (!before) return { outcome: 'unknown' }
    const scopes = before.scopes.map((scope) => scope.name)
    await takeScopes(transaction, { api: before.identifier, scopes, endsSessions }, actorId)
    await transaction.$executeRaw`DELETE FROM apis WHERE identifier = ${before.identifier}`
    await recordAuditEvent(transaction, { type: 'api.deleted', actorId, detail: { api: before.identifier } })
    return { outcome: 'deleted' }
  }
}

async function lock(transaction: Queryable, name: ApiName): Promise<ApiRow | undefined> {
  // In a statement of its own: the next one sees the scopes that a change before this one has left.
  await transaction.$queryRaw`SELECT 1 FROM apis a WHERE ${isNamed(name)} FOR UPDATE`
  const rows = await transaction.$queryRaw<ApiRow[]>`SELECT ${columns} FROM apis a WHERE ${isNamed(name)}`
  return rows[0]
}

async function read(transaction: Queryable, identifier: string): Promise<Api> {
  const rows = await transaction.$queryRaw<ApiRow[]>`SELECT ${columns} FROM apis a WHERE a.identifier = ${identifier}`
  return toApi(rows[0] as ApiRow)
}

function isNamed(name: ApiName): Prisma.Sql {
  return 'id' in name ? Prisma.sql`a.id = ${name.id}::uuid` : Prisma.sql`a.identifier = ${name.identifier}`
}

async function saveScopes(transaction: Queryable, api: string, scopes: readonly ApiScope[]): Promise<void> {
  const names = scopes.map(({ name }) => name)
  const descriptions = scopes.map(({ description }) => description)
  await transaction.$executeRaw`
    INSERT INTO api_scopes (api, name, description)
    SELECT ${api}, name, description FROM unnest(${names}::text[], ${descriptions}::text[]) AS given (name, description)
    ON CONFLICT (api, name) DO UPDATE SET description = excluded.description`
}

/** Takes scopes from an API and from every role that holds them. */
async function takeScopes(
  transaction: Queryable,
  { api, scopes, endsSessions }: { api: string; scopes: readonly string[]; endsSessions: boolean },
  actorId: string | undefined
): Promise<void> {
  if (scopes.length === 0) return
  const holders = await transaction.$queryRaw<{ role: string }[]>`
    SELECT DISTINCT role FROM role_scopes WHERE api = ${api} AND scope = ANY(${scopes}::text[])`
  await transaction.$executeRaw`DELETE FROM api_scopes WHERE api = ${api} AND name = ANY(${scopes}::text[])`
  if (endsSessions)
    await recordSessionEnding(transaction, { roles: holders.map(({ role }) => role), api, scopes }, actorId)
}

function changesOf(before: Api, after: Api): string[] {
  const members = ['name', 'carriesRoles', 'scopes'] as const
  const isChanged = (member: (typeof members)[number]) =>
    JSON.stringify(before[member]) !== JSON.stringify(after[member])
  return members.filter(isChanged).map((member) => (member === 'carriesRoles' ? 'carries_roles' : member))
}

function toApi(row: ApiRow): Api {
  const { id, identifier, name, scopes } = row
  return { id, identifier, name, carriesRoles: row.carries_roles, scopes, createdAt: row.created_at }
}
