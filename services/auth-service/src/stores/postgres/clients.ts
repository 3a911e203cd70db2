import { randomUUID } from 'node:crypto'
import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import type { JSONWebKeySet } from 'jose'
import { canonicalJson } from '../../clients/canonical-json.ts'
import type { ApplicationType, Client, ClientAuthMethod, ClientGrantType, ExchangeRule } from '../../clients/client.ts'
import type {
  ClientAdministration,
  ClientChange,
  ClientChangeOutcome,
  ClientCreationOutcome,
  NewClient
} from '../../clients/client-administration.ts'
import { checkChange } from '../../clients/client-rules.ts'
import { clientSecretId, maxClientSecrets } from '../../clients/client-secrets.ts'
import type { ClientStore } from '../../clients/client-store.ts'
import type { FirstTokenStore } from '../../clients/first-tokens.ts'
import type { CommittedEnd } from '../../revocation/announcing.ts'
import { mayAdminister } from './acting-admin.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { maxEntryLifetimeSeconds } from './ending-families.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { databaseNow, insertEntry } from './revocation-entries.ts'
import { pageOf } from './row-pages.ts'
import { endGroup } from './session-groups.ts'
import { signingKid } from './signing-key-store.ts'

interface ClientRow {
  id: string
  name: string
  auth_method: ClientAuthMethod
  jwks: JSONWebKeySet | null
  jwks_uri: string | null
  secret_hashes: string[]
  grant_types: ClientGrantType[]
  scopes: string[]
  audiences: string[]
  resources: string[]
  may_act_for: string[]
  may_carry_roles: boolean
  may_unbind_tokens: boolean
  exchange_rules: ExchangeRule[]
  access_token_ttl_seconds: number | null
  epoch: string
  created_at: Date
  disabled_at: Date | null
  first_token_at: Date | null
  application_type: ApplicationType
  redirect_uris: string[]
  post_logout_redirect_uris: string[]
  backchannel_logout_uri: string | null
  logo_uri: string | null
  policy_uri: string | null
  tos_uri: string | null
  require_pkce: boolean
  first_party: boolean
  id_token_ttl_seconds: number | null
}

const columns = Prisma.sql`c.id, c.name, c.auth_method, c.jwks, c.jwks_uri, c.secret_hashes, c.grant_types, c.scopes,
  c.audiences, c.resources, c.may_act_for, c.may_carry_roles, c.may_unbind_tokens, c.exchange_rules, c.access_token_ttl_seconds, c.epoch, c.created_at,
  c.disabled_at, c.first_token_at, c.application_type, c.redirect_uris, c.post_logout_redirect_uris, c.backchannel_logout_uri, c.logo_uri, c.policy_uri, c.tos_uri, c.require_pkce, c.first_party, c.id_token_ttl_seconds`

type ConfirmedClientRow = ClientRow & { issued_at: number; signing_kid: string }

const enabledClientText = `
  SELECT ${columns.sql}, floor(date_part('epoch', ${databaseNow.sql})) AS issued_at, ${signingKid.sql} AS signing_kid
  FROM clients c WHERE c.id = $1 AND c.disabled_at IS NULL`

/** The clients in Postgres. */
export function createPrismaClientStore(preparedStatements: PreparedStatements): ClientStore {
  const findEnabled = preparedStatements.prepare<ConfirmedClientRow>(enabledClientText)
  return {
    async findEnabled(id) {
      const [row] = await orUnavailable(findEnabled([id]))
      return (
        row && {
          ...toClient(row),
          secretHashes: row.secret_hashes,
          issuedAt: row.issued_at,
          signingKid: row.signing_kid
        }
      )
    }
  }
}

/** The first tokens of clients in Postgres. */
export function createPrismaFirstTokens(database: Database): FirstTokenStore {
  return {
    async recordFirstToken(clientId) {
      await orUnavailable(
        database.$executeRaw`
          UPDATE clients SET first_token_at = ${databaseNow} WHERE id = ${clientId} AND first_token_at IS NULL`
      )
    }
  }
}

/** Changes of clients in Postgres; each is one transaction that locks the client's row first. */
export function createPrismaClientAdministration(database: Database): ClientAdministration {
  return {
    async list({ after, limit }) {
      const rows = await orUnavailable(
        database.$queryRaw<ClientRow[]>`
          SELECT ${columns} FROM clients c WHERE c.id > ${after ?? ''} ORDER BY c.id LIMIT ${limit + 1}`
      )
      const { page, last } = pageOf(rows, limit)
      return { clients: page.map(toClient), next: last?.id }
    },
    async find(id) {
      const rows = await orUnavailable(
        database.$queryRaw<ClientRow[]>`SELECT ${columns} FROM clients c WHERE c.id = ${id}`
      )
      return rows[0] && toClient(rows[0])
    },
    create: (client, actorId) =>
      orUnavailable(inTransaction(database, (transaction) => create(transaction, client, actorId))),
    change: (id, change, actorId) =>
      changeLocked(id, actorId, (transaction, before) => applyChange(transaction, before, change, actorId)),
    addSecret: (id, { hash, replaces }, actorId) =>
      changeLocked(id, actorId, async (transaction, before) => {
        const newestId = before.secret_hashes[0] && clientSecretId(before.secret_hashes[0])
        if (replaces !== undefined && replaces !== newestId) return { outcome: 'other_secret' }
        const others = before.secret_hashes.slice(replaces === undefined ? 0 : 1)
        const after = { ...before, secret_hashes: [hash, ...others].slice(0, maxClientSecrets) }
        await recordClientEvent(transaction, 'client.secret_added', id, actorId)
        // Tokens do not say which secret they were issued for: a secret that ends takes all of them along.
        const dropsOne = after.secret_hashes.length <= before.secret_hashes.length
        if (!dropsOne) return save(transaction, after)
        await recordClientEvent(transaction, 'client.secret_dropped', id, actorId)
        return endTokens(transaction, after, actorId)
      }),
    dropOlderSecret: (id, actorId) =>
      changeLocked(id, actorId, async (transaction, before) =>
        endTokens(transaction, await keepSecrets(transaction, before, 1, actorId), actorId)
      ),
    voidCredentials: (id, actorId) =>
      changeLocked(id, actorId, async (transaction, before) => {
        const after = await keepSecrets(transaction, before, 0, actorId)
        const isEnding = isKeyed(before) && before.disabled_at === null
        if (isEnding) await recordClientEvent(transaction, 'client.disabled', id, actorId)
        return endTokens(transaction, isEnding ? { ...after, disabled_at: new Date() } : after, actorId)
      })
  }

  function changeLocked(
    id: string,
    actorId: string | undefined,
    work: (transaction: Queryable, before: ClientRow) => Promise<ClientChangeOutcome>
  ): Promise<ClientChangeOutcome> {
    return orUnavailable(
      inTransaction(database, async (transaction) => {
        if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
        const [before] = await transaction.$queryRaw<ClientRow[]>`
          SELECT ${columns} FROM clients c WHERE c.id = ${id} FOR UPDATE`
        return before ? work(transaction, before) : { outcome: 'unknown' }
      })
    )
  }

  async function create(
    transaction: Queryable,
    client: NewClient,
    actorId: string | undefined
  ): Promise<ClientCreationOutcome> {
    if (!(await mayAdminister(transaction, actorId))) return { outcome: 'not_an_admin' }
    const rows = await transaction.$queryRaw<ClientRow[]>`
      INSERT INTO clients AS c (id, name, auth_method, jwks, jwks_uri, secret_hashes, grant_types, scopes, audiences,
        resources, may_act_for, may_carry_roles, may_unbind_tokens, exchange_rules, access_token_ttl_seconds, epoch,
        application_type, redirect_uris, post_logout_redirect_uris, backchannel_logout_uri, logo_uri, policy_uri, tos_uri, require_pkce, first_party, id_token_ttl_seconds)
      VALUES (${client.id}, ${client.name}, ${client.authMethod}, ${json(client.jwks)}::jsonb, ${client.jwksUri},
        ${client.secretHashes}, ${client.grantTypes}, ${client.scopes}, ${client.audiences}, ${client.resources},
        ${client.mayActFor}, ${client.mayCarryRoles}, ${client.mayUnbindTokens}, ${json(client.exchangeRules)}::jsonb,
        ${client.accessTokenTtlSeconds}, ${randomUUID()}::uuid,
        ${client.applicationType}, ${client.redirectUris}, ${client.postLogoutRedirectUris}, ${client.backchannelLogoutUri}, ${client.logoUri}, ${client.policyUri}, ${client.tosUri}, ${client.requirePkce}, ${client.isFirstParty}, ${client.idTokenTtlSeconds})
      ON CONFLICT (id) DO NOTHING
      RETURNING ${columns}`
    if (!rows[0]) return { outcome: 'taken' }
    await recordClientEvent(transaction, 'client.created', client.id, actorId)
    return { outcome: 'created', client: toClient(rows[0]) }
  }

  async function applyChange(
    transaction: Queryable,
    before: ClientRow,
    change: ClientChange,
    actorId: string | undefined
  ): Promise<ClientChangeOutcome> {
    const isDisabled = change.isDisabled ?? before.disabled_at !== null
    const after: ClientRow = {
      ...before,
      name: change.name ?? before.name,
      jwks: change.jwks === undefined ? before.jwks : change.jwks,
      jwks_uri: change.jwksUri === undefined ? before.jwks_uri : change.jwksUri,
      grant_types: [...(change.grantTypes ?? before.grant_types)],
      scopes: [...(change.scopes ?? before.scopes)],
      audiences: [...(change.audiences ?? before.audiences)],
      resources: [...(change.resources ?? before.resources)],
      may_act_for: [...(change.mayActFor ?? before.may_act_for)],
      may_carry_roles: change.mayCarryRoles ?? before.may_carry_roles,
      may_unbind_tokens: change.mayUnbindTokens ?? before.may_unbind_tokens,
      exchange_rules: [...(change.exchangeRules ?? before.exchange_rules)],
      access_token_ttl_seconds:
        change.accessTokenTtlSeconds === undefined ? before.access_token_ttl_seconds : change.accessTokenTtlSeconds,
      application_type: change.applicationType ?? before.application_type,
      redirect_uris: [...(change.redirectUris ?? before.redirect_uris)],
      post_logout_redirect_uris: [...(change.postLogoutRedirectUris ?? before.post_logout_redirect_uris)],
      backchannel_logout_uri:
        change.backchannelLogoutUri === undefined ? before.backchannel_logout_uri : change.backchannelLogoutUri,
      logo_uri: change.logoUri === undefined ? before.logo_uri : change.logoUri,
      policy_uri: change.policyUri === undefined ? before.policy_uri : change.policyUri,
      tos_uri: change.tosUri === undefined ? before.tos_uri : change.tosUri,
      require_pkce: change.requirePkce ?? before.require_pkce,
      first_party: change.isFirstParty ?? before.first_party,
      id_token_ttl_seconds:
        change.idTokenTtlSeconds === undefined ? before.id_token_ttl_seconds : change.idTokenTtlSeconds,
      disabled_at: isDisabled ? (before.disabled_at ?? new Date()) : null
    }
    // Under the row's lock: two changes that fit alone may not fit together.
    checkChange(toClient(before), toClient(after))
    const isEnding = isDisabled && before.disabled_at === null
    const isReturning = !isDisabled && before.disabled_at !== null
    const changed = changesOf(before, after)
    if (changed.length > 0) await recordClientEvent(transaction, 'client.changed', before.id, actorId, { changed })
    if (isEnding) await recordClientEvent(transaction, 'client.disabled', before.id, actorId)
    if (isReturning) await recordClientEvent(transaction, 'client.enabled', before.id, actorId)
    return isEnding || takesAway(before, after) ? endTokens(transaction, after, actorId) : save(transaction, after)
  }

  /** Whatever was issued to the client ends: its own tokens by their credential id, those of its users by their families. */
  async function endTokens(transaction: Queryable, after: ClientRow, actorId?: string): Promise<ClientChangeOutcome> {
    const entry = await insertEntry(transaction, {
      kind: 'sid',
      value: after.epoch,
      lifetimeSeconds: maxEntryLifetimeSeconds
    })
    await recordClientEvent(transaction, 'client.tokens_ended', after.id, actorId)
    // Before the families: the exchange of a code holds its row until its session is there.
    await transaction.$executeRaw`DELETE FROM authorization_codes WHERE client_id = ${after.id} AND used_at IS NULL`
    await transaction.$executeRaw`DELETE FROM authorization_requests WHERE client_id = ${after.id}`
    const sessions = await endGroup(transaction, { clientId: after.id }, { reason: 'client_ended', actorId })
    return save(transaction, { ...after, epoch: randomUUID() }, { ...sessions, entries: [entry, ...sessions.entries] })
  }

  async function save(
    transaction: Queryable,
    after: ClientRow,
    ended: CommittedEnd & { readonly ended: number } = { ended: 0, entries: [] }
  ): Promise<ClientChangeOutcome> {
    const rows = await transaction.$queryRaw<ClientRow[]>`
      UPDATE clients c SET name = ${after.name}, jwks = ${json(after.jwks)}::jsonb, jwks_uri = ${after.jwks_uri},
        secret_hashes = ${after.secret_hashes}, grant_types = ${after.grant_types}, scopes = ${after.scopes},
        audiences = ${after.audiences}, resources = ${after.resources}, may_act_for = ${after.may_act_for},
        may_carry_roles = ${after.may_carry_roles}, may_unbind_tokens = ${after.may_unbind_tokens},
        exchange_rules = ${json(after.exchange_rules)}::jsonb,
        access_token_ttl_seconds = ${after.access_token_ttl_seconds}, epoch = ${after.epoch}::uuid,
        application_type = ${after.application_type}, redirect_uris = ${after.redirect_uris}, post_logout_redirect_uris = ${after.post_logout_redirect_uris}, backchannel_logout_uri = ${after.backchannel_logout_uri}, logo_uri = ${after.logo_uri}, policy_uri = ${after.policy_uri}, tos_uri = ${after.tos_uri}, require_pkce = ${after.require_pkce}, first_party = ${after.first_party}, id_token_ttl_seconds = ${after.id_token_ttl_seconds},
        disabled_at = CASE WHEN ${after.disabled_at !== null} THEN coalesce(disabled_at, ${databaseNow}) END
      WHERE c.id = ${after.id} RETURNING ${columns}`
    return { outcome: 'changed', client: toClient(rows[0] as ClientRow), ...ended }
  }
}

/** Its newest secrets stay; of the others it is recorded that they end. */
async function keepSecrets(transaction: Queryable, before: ClientRow, count: number, actorId: string | undefined) {
  const kept = before.secret_hashes.slice(0, count)
  for (const _ of before.secret_hashes.slice(count)) {
    await recordClientEvent(transaction, 'client.secret_dropped', before.id, actorId)
  }
  return { ...before, secret_hashes: kept }
}

function isKeyed({ jwks, jwks_uri }: ClientRow): boolean {
  return jwks !== null || jwks_uri !== null
}

function recordClientEvent(
  transaction: Queryable,
  type: AuditEventType,
  clientId: string,
  actorId: string | undefined,
  detail: Record<string, unknown> = {}
) {
  return recordAuditEvent(transaction, { type, actorId, clientId, detail: { client_id: clientId, ...detail } })
}

/** What can be changed of a client, beside whether it is disabled. */
const changeable = [
  'name',
  'jwks',
  'jwks_uri',
  'grant_types',
  'scopes',
  'audiences',
  'resources',
  'may_act_for',
  'may_carry_roles',
  'may_unbind_tokens',
  'exchange_rules',
  'access_token_ttl_seconds',
  'application_type',
  'redirect_uris',
  'post_logout_redirect_uris',
  'backchannel_logout_uri',
  'logo_uri',
  'policy_uri',
  'tos_uri',
  'require_pkce',
  'first_party',
  'id_token_ttl_seconds'
] as const

function changesOf(before: ClientRow, after: ClientRow): string[] {
  return changeable.filter((member) => canonicalJson(before[member]) !== canonicalJson(after[member]))
}

/** Whether tokens that were issued before could do, or be made by, what should be no more. */
function takesAway(before: ClientRow, after: ClientRow): boolean {
  const lists = ['grant_types', 'scopes', 'audiences', 'resources', 'may_act_for', 'redirect_uris'] as const
  const hasLost = lists.some((list) => before[list].some((one: string) => !(after[list] as string[]).includes(one)))
  const hasLostRight =
    (before.may_carry_roles && !after.may_carry_roles) ||
    (before.may_unbind_tokens && !after.may_unbind_tokens) ||
    (before.first_party && !after.first_party)
  const sameKeys = canonicalJson(before.jwks) === canonicalJson(after.jwks) && before.jwks_uri === after.jwks_uri
  const rulesAfter = after.exchange_rules.map(canonicalJson)
  const hasLostRule = before.exchange_rules.some((rule) => !rulesAfter.includes(canonicalJson(rule)))
  return hasLost || hasLostRight || hasLostRule || !(sameKeys || keepsKeys(before, after))
}

/** Keys that are only added end nothing. */
function keepsKeys(before: ClientRow, after: ClientRow): boolean {
  if (before.jwks_uri !== after.jwks_uri || !before.jwks || !after.jwks) return false
  const kept = new Set(after.jwks.keys.map(canonicalJson))
  return before.jwks.keys.every((key) => kept.has(canonicalJson(key)))
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}

function toClient(row: ClientRow): Client {
  return {
    id: row.id,
    name: row.name,
    authMethod: row.auth_method,
    jwks: row.jwks,
    jwksUri: row.jwks_uri,
    grantTypes: row.grant_types,
    scopes: row.scopes,
    audiences: row.audiences,
    resources: row.resources,
    mayActFor: row.may_act_for,
    mayCarryRoles: row.may_carry_roles,
    mayUnbindTokens: row.may_unbind_tokens,
    exchangeRules: row.exchange_rules,
    accessTokenTtlSeconds: row.access_token_ttl_seconds,
    secretIds: row.secret_hashes.map(clientSecretId),
    credentialId: row.epoch,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
    firstTokenAt: row.first_token_at,
    applicationType: row.application_type,
    redirectUris: row.redirect_uris,
    postLogoutRedirectUris: row.post_logout_redirect_uris,
    backchannelLogoutUri: row.backchannel_logout_uri,
    logoUri: row.logo_uri,
    policyUri: row.policy_uri,
    tosUri: row.tos_uri,
    requirePkce: row.require_pkce,
    isFirstParty: row.first_party,
    idTokenTtlSeconds: row.id_token_ttl_seconds
  }
}
