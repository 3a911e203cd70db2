import { TemporarilyUnavailableError } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import { ConfigurationError } from '@countersign/service-kit'
import type { MasterKeys } from '../../keys/master-keys.ts'
import { createSealing, type Sealing } from '../../keys/sealing.ts'
import { type Provider, type ProviderKind, type ProviderSecret, providerKinds } from '../../providers/provider.ts'
import type {
  AdministeredProvider,
  NewProvider,
  ProviderAdministration,
  ProviderChange,
  ProviderOutcome,
  ProviderStore
} from '../../providers/provider-administration.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'

interface ProviderRow {
  id: string
  kind: string
  name: string
  issuer: string
  client_id: string
  sealed_secret: Uint8Array | null
  scopes: string[]
  authoritative_domains: string[]
  trusts_amr: boolean
  created_at: Date
  changed_at: Date
  disabled_at: Date | null
}

interface AdministeredRow extends ProviderRow {
  identities: number
}

const columns = Prisma.sql`p.id, p.kind, p.name, p.issuer, p.client_id, p.sealed_secret, p.scopes, p.authoritative_domains, p.trusts_amr,
  p.created_at, p.changed_at, p.disabled_at`

const administeredColumns = Prisma.sql`${columns}, (SELECT count(*)::int FROM identities i WHERE i.provider_id = p.id) AS identities`

/** Seals secrets of providers, and code verifiers of transactions; each is bound to its row. */
export function createProviderSealing(masterKeys: MasterKeys): Sealing {
  return createSealing(masterKeys, 'provider sealing v1')
}

const ownerOf = (id: string) => `provider ${id}`

export function createPrismaProviderStore(database: Database, sealing: Sealing): ProviderStore {
  return {
    async listEnabled() {
      const rows = await orUnavailable(database.$queryRaw<ProviderRow[]>`
        SELECT ${columns} FROM identity_providers p WHERE p.disabled_at IS NULL ORDER BY lower(p.name), p.id`)
      return rows.map(toProvider)
    },
    async findEnabled(id) {
      const [row] = await orUnavailable(database.$queryRaw<ProviderRow[]>`
        SELECT ${columns} FROM identity_providers p WHERE p.id = ${id} AND p.disabled_at IS NULL`)
      return row && { ...toProvider(row), secret: secretOf(row) }
    }
  }

  function secretOf({ id, sealed_secret: sealed }: ProviderRow): ProviderSecret | undefined {
    if (sealed === null) return undefined
    const opened = sealing.open(ownerOf(id), sealed)
    if (!opened)
      throw new TemporarilyUnavailableError({ detail: `no master key opens the secret of the provider ${id}` })
    return JSON.parse(opened.toString()) as ProviderSecret
  }
}

/** Seals with the current master key what an older one has sealed. @returns how many secrets that were */
export async function resealProviders(database: Database, sealing: Sealing): Promise<number> {
  const rows = await orUnavailable(database.$queryRaw<{ id: string; sealed_secret: Uint8Array }[]>`
    SELECT id, sealed_secret FROM identity_providers WHERE sealed_secret IS NOT NULL`)
  let resealed = 0
  for (const { id, sealed_secret: former } of rows) {
    const sealed = sealing.reseal(ownerOf(id), former)
    if (!sealed) continue
    resealed += await orUnavailable(database.$executeRaw`
      UPDATE identity_providers SET sealed_secret = ${sealed} WHERE id = ${id} AND sealed_secret = ${Uint8Array.from(former)}`)
  }
  return resealed
}

/** @param sealing absent where there is no master key: then no secret can be set */
export function createPrismaProviderAdministration(
  database: Database,
  sealing: Sealing | undefined
): ProviderAdministration {
  return {
    async list() {
      const rows = await orUnavailable(database.$queryRaw<AdministeredRow[]>`
        SELECT ${administeredColumns} FROM identity_providers p ORDER BY lower(p.name), p.id`)
      return rows.map(toAdministered)
    },
    find: (id) => orUnavailable(find(database, id)),
    async holdsSecret(id, secret) {
      const [row] = await orUnavailable(database.$queryRaw<{ sealed_secret: Uint8Array | null }[]>`
        SELECT sealed_secret FROM identity_providers WHERE id = ${id}`)
      if (!row?.sealed_secret) return false
      return requireSealing().open(ownerOf(id), row.sealed_secret)?.toString() === JSON.stringify(secret)
    },
    create: (provider, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => create(transaction, provider, actorId))),
    change: (id, change, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => applyChange(transaction, id, change, actorId))),
    delete: (id, { withIdentities }, actorId) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          if (!(await mayAdminister(transaction, actorId))) return 'not_an_admin'
          const before = await lock(transaction, id)
          if (!before) return 'unknown'
          if (before.identities > 0 && !withIdentities) return 'in_use'
          await transaction.$executeRaw`
            UPDATE users SET credentials_version = credentials_version + 1
            WHERE id IN (SELECT user_id FROM identities WHERE provider_id = ${id})`
          const identities = await transaction.$executeRaw`DELETE FROM identities WHERE provider_id = ${id}`
          await transaction.$executeRaw`DELETE FROM identity_providers WHERE id = ${id}`
          await recordAuditEvent(transaction, {
            type: 'provider.deleted',
            actorId,
            detail: { provider: id, identities }
          })
          return 'deleted'
        })
      )
  }

  async function create(
    transaction: Queryable,
    provider: NewProvider,
    actorId: string | undefined
  ): Promise<ProviderOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const { id, kind, name, issuer, clientId, scopes, authoritativeDomains, trustsAmr } = provider
    // Two that are created at once take turns. Existing ones can be read meanwhile.
    await transaction.$executeRaw`LOCK TABLE identity_providers IN SHARE ROW EXCLUSIVE MODE`
    const others = await transaction.$queryRaw<
      { id: string }[]
    >`SELECT id FROM identity_providers WHERE id = ${id} OR issuer = ${issuer}`
    if (others.some((other) => other.id === id)) return { outcome: 'taken' }
    if (others.length > 0) return { outcome: 'issuer_taken' }
    await transaction.$executeRaw`
      INSERT INTO identity_providers (id, kind, name, issuer, client_id, sealed_secret, scopes, authoritative_domains, trusts_amr)
      VALUES (${id}, ${kind}, ${name}, ${issuer}, ${clientId}, ${seal(id, provider.secret)}, ${scopes}, ${authoritativeDomains},
        ${trustsAmr})`
    await recordAuditEvent(transaction, { type: 'provider.created', actorId, detail: { provider: id, kind, issuer } })
    return { outcome: 'created', provider: (await find(transaction, id)) as AdministeredProvider }
  }

  async function applyChange(
    transaction: Queryable,
    id: string,
    { secret, isEnabled, ...change }: ProviderChange,
    actorId: string | undefined
  ): Promise<ProviderOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const before = await lock(transaction, id)
    if (!before) return { outcome: 'unknown' }
    const after = { ...toAdministered(before), ...definedOf(change) }
    await transaction.$executeRaw`
      UPDATE identity_providers SET name = ${after.name}, client_id = ${after.clientId}, scopes = ${after.scopes},
        authoritative_domains = ${after.authoritativeDomains}, trusts_amr = ${after.trustsAmr},
        sealed_secret = ${secret ? seal(id, secret) : before.sealed_secret},
        disabled_at = CASE WHEN ${isEnabled ?? before.disabled_at === null} THEN NULL ELSE coalesce(disabled_at, now()) END,
        changed_at = greatest(now(), changed_at + interval '1 millisecond')
      WHERE id = ${id}`
    const provider = (await find(transaction, id)) as AdministeredProvider
    const changed = [...changesOf(toAdministered(before), provider), ...(secret ? ['secret'] : [])]
    if (changed.length > 0)
      await recordAuditEvent(transaction, { type: 'provider.changed', actorId, detail: { provider: id, changed } })
    return { outcome: 'changed', provider }
  }

  function seal(id: string, secret: ProviderSecret | undefined): Uint8Array<ArrayBuffer> | null {
    return secret ? requireSealing().seal(ownerOf(id), Buffer.from(JSON.stringify(secret))) : null
  }

  function requireSealing(): Sealing {
    if (!sealing) throw new ConfigurationError(['COUNTERSIGN_MASTER_KEY is required: it seals the secret.'])
    return sealing
  }
}

async function find(queryable: Queryable, id: string): Promise<AdministeredProvider | undefined> {
  const [row] = await queryable.$queryRaw<AdministeredRow[]>`
    SELECT ${administeredColumns} FROM identity_providers p WHERE p.id = ${id}`
  return row && toAdministered(row)
}

async function lock(transaction: Queryable, id: string): Promise<AdministeredRow | undefined> {
  const [row] = await transaction.$queryRaw<AdministeredRow[]>`
    SELECT ${administeredColumns} FROM identity_providers p WHERE p.id = ${id} FOR UPDATE OF p`
  return row
}

const changeable = {
  name: 'name',
  clientId: 'client_id',
  scopes: 'scopes',
  authoritativeDomains: 'authoritative_domains',
  trustsAmr: 'trusts_amr',
  isEnabled: 'enabled'
} as const

function changesOf(before: Provider, after: Provider): string[] {
  const members = Object.keys(changeable) as (keyof typeof changeable)[]
  return members
    .filter((member) => JSON.stringify(before[member]) !== JSON.stringify(after[member]))
    .map((member) => changeable[member])
}

function definedOf<T extends object>(change: T) {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]: Exclude<T[Name], undefined>
  }
}

export function kindOf(text: string): ProviderKind {
  return providerKinds.find((kind) => kind === text) ?? 'oidc'
}

function toProvider(row: ProviderRow): Provider {
  return {
    id: row.id,
    kind: kindOf(row.kind),
    name: row.name,
    issuer: row.issuer,
    clientId: row.client_id,
    scopes: row.scopes,
    authoritativeDomains: row.authoritative_domains,
    trustsAmr: row.trusts_amr,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    isEnabled: row.disabled_at === null
  }
}

function toAdministered(row: AdministeredRow): AdministeredProvider {
  return { ...toProvider(row), hasSecret: row.sealed_secret !== null, identities: row.identities }
}
