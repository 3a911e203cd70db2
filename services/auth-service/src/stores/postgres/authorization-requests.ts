import { Prisma } from '@countersign/prisma'
import {
  type AuthorizationRequest,
  codeSeconds,
  type Decision,
  pushedSeconds,
  type RequestedAuthorization,
  requestSeconds
} from '../../authorization/authorization-request.ts'
import type {
  ApiScopeText,
  AuthorizationRequests,
  ClaimingSession,
  ClaimOutcome
} from '../../authorization/authorization-requests.ts'
import { findFault, neededLevel } from '../../authorization/next-step.ts'
import { firstPartyClientId } from '../../clients/client-rules.ts'
import type { Bytes } from '../../hashes.ts'
import { recordAuditEvent } from './audit-events.ts'
import { credentialsState } from './credentials-state.ts'
import { orUnavailable, type Queryable } from './database.ts'
import { isLive } from './ending-families.ts'
import { rolesOfUser } from './granted-scopes.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

interface RequestRow {
  client_id: string
  redirect_uri: string
  response_mode: RequestedAuthorization['responseMode']
  state: string | null
  nonce: string | null
  code_challenge: string | null
  identity_scopes: RequestedAuthorization['identityScopes'][number][]
  scopes: string[]
  resource: string | null
  prompt: RequestedAuthorization['prompt'][number][]
  max_age: number | null
  login_hint: string | null
  hinted_user_id: string | null
  acr_values: string[]
  ui_locales: string[]
  dpop_jkt: string | null
  user_id: string | null
  session_id: string | null
  username: string | null
  acr: string | null
  granted_scopes: string[] | null
  decision: Decision | null
  created_at: Date
  expires_in: number
  is_consented: boolean
  has_ticket: boolean
  is_first_party: boolean
}

/** A live request that has begun in a browser. */
const isAlive = Prisma.sql`r.browser_hash IS NOT NULL AND r.expires_at > ${databaseNow}`

const unclaimed = Prisma.sql`user_id = NULL, session_id = NULL, ticket_hash = NULL, credentials_state = NULL,
  authenticated_at = NULL, acr = NULL, amr = NULL, granted_scopes = NULL, decision = NULL`

/** Whether a consent of the request's user holds these scopes of this API. */
const isCovered = (api: Prisma.Sql, scopes: Prisma.Sql) => Prisma.sql`(cardinality(${scopes}) = 0 OR EXISTS (
  SELECT FROM consents c WHERE c.user_id = r.user_id AND c.client_id = r.client_id AND c.api = ${api} AND c.scopes @> ${scopes}))`

/** The columns of a request `r`. An API without scopes has to be allowed, too. */
const columns = (ticketHash: Bytes | undefined) => Prisma.sql`
  r.client_id, r.redirect_uri, r.response_mode, r.state, r.nonce, r.code_challenge, r.identity_scopes, r.scopes, r.resource, r.prompt, r.max_age,
  r.login_hint, r.hinted_user_id, r.acr_values, r.ui_locales, r.dpop_jkt, r.user_id, r.session_id, r.acr, r.granted_scopes, r.decision, r.created_at,
  (SELECT u.username FROM users u WHERE u.id = r.user_id) AS username,
  (SELECT c.first_party FROM clients c WHERE c.id = r.client_id) AS is_first_party,
  greatest(0, floor(date_part('epoch', r.expires_at - ${databaseNow}))) AS expires_in,
  (${isCovered(Prisma.sql`''`, Prisma.sql`r.identity_scopes`)}
    AND (r.resource IS NULL OR EXISTS (
      SELECT FROM consents c WHERE c.user_id = r.user_id AND c.client_id = r.client_id AND c.api = r.resource
        AND c.scopes @> coalesce(r.granted_scopes, '{}')))) AS is_consented,
  coalesce(r.ticket_hash = ${ticketHash ?? null}::bytea, false) AS has_ticket`

export function createPrismaAuthorizationRequests({
  queryable,
  inTransaction
}: PreparedStatements): AuthorizationRequests {
  const insert = (idHash: Bytes, browserHash: Bytes | null, request: RequestedAuthorization, lifetime: number) =>
    queryable.$executeRaw`
      INSERT INTO authorization_requests (id_hash, browser_hash, client_id, redirect_uri, response_mode, state, nonce, code_challenge,
        identity_scopes, scopes, resource, prompt, max_age, login_hint, hinted_user_id, acr_values, ui_locales, dpop_jkt, expires_at)
      VALUES (${idHash}, ${browserHash}, ${request.clientId}, ${request.redirectUri}, ${request.responseMode}, ${request.state ?? null},
        ${request.nonce ?? null}, ${request.codeChallenge ?? null}, ${request.identityScopes}, ${request.scopes}, ${request.resource ?? null},
        ${request.prompt}, ${request.maxAge ?? null}, ${request.loginHint ?? null}, ${request.hintedUserId ?? null}::uuid,
        ${request.acrValues}, ${request.uiLocales}, ${request.dpopJkt ?? null}, ${databaseNow} + ${seconds(lifetime)})`

  return {
    async push(idHash, request) {
      await orUnavailable(insert(idHash, null, request, pushedSeconds))
    },
    async begin(idHash, browserHash, request) {
      await orUnavailable(insert(idHash, browserHash, request, requestSeconds))
    },
    async beginPushed({ pushedHash, clientId, idHash, browserHash }) {
      const begun = await orUnavailable(queryable.$executeRaw`
        UPDATE authorization_requests SET id_hash = ${idHash}, browser_hash = ${browserHash}, created_at = ${databaseNow},
          expires_at = ${databaseNow} + ${seconds(requestSeconds)}
        WHERE id_hash = ${pushedHash} AND client_id = ${clientId} AND browser_hash IS NULL AND expires_at > ${databaseNow}`)
      return begun === 1
    },
    async find(idHash) {
      const [row] = await orUnavailable(
        queryable.$queryRaw<RequestRow[]>`
          SELECT ${columns(undefined)} FROM authorization_requests r WHERE r.id_hash = ${idHash} AND ${isAlive}`
      )
      return row && toRequest(row)
    },
    claim: (idHash, ticketHash, session) =>
      orUnavailable(inTransaction((transaction) => claim(transaction, { idHash, ticketHash, ...session }))),
    release: (idHash, session) =>
      orUnavailable(
        inTransaction(async (transaction) => {
          const row = await lock(transaction, idHash)
          if (!row) return 'unknown'
          if (!isClaimedBy(row, session) || row.decision !== null) return 'taken'
          await transaction.$executeRaw`
            UPDATE authorization_requests SET ${unclaimed} WHERE id_hash = ${idHash}`
          return 'released'
        })
      ),
    decide: (idHash, ticketHash, { userId, sessionId, decision, origin }) =>
      orUnavailable(
        inTransaction(async (transaction) => {
          const row = await lock(transaction, idHash)
          if (!row) return 'unknown'
          if (!isClaimedBy(row, { userId, sessionId })) return 'taken'
          if (!(await isLiveSession(transaction, sessionId))) return 'session_ended'
          await transaction.$executeRaw`
            UPDATE authorization_requests SET decision = ${decision}, ticket_hash = ${ticketHash} WHERE id_hash = ${idHash}`
          if (decision === 'deny' || row.is_first_party || row.is_consented) return 'decided'
          if (findFault(toRequest(row))) return 'decided'
          await keepConsent(transaction, userId, row)
          await recordAuditEvent(transaction, {
            type: 'consent.granted',
            userId,
            clientId: row.client_id,
            origin,
            detail: {
              scopes: [...row.identity_scopes, ...(row.granted_scopes ?? [])],
              ...(row.resource !== null && { api: row.resource })
            }
          })
          return 'decided'
        })
      ),
    complete: ({ idHash, browserHash, ticketHash, codeHash }, decide) =>
      orUnavailable(
        inTransaction(async (transaction) => {
          const row = await lock(transaction, idHash, { browserHash, ticketHash })
          if (!row) {
            // The ticket went to the signed-in browser, and that is not the one that began: it is valid in neither.
            await transaction.$executeRaw`
              UPDATE authorization_requests SET ${unclaimed} WHERE id_hash = ${idHash} AND ticket_hash = ${ticketHash ?? null}::bytea`
            return undefined
          }
          const request = toRequest(row)
          const verdict = decide(request, row.has_ticket)
          if (verdict.kind === 'undecided') return { request, verdict }
          if (verdict.kind === 'code') await insertCode(transaction, idHash, codeHash)
          await transaction.$executeRaw`DELETE FROM authorization_requests WHERE id_hash = ${idHash}`
          return { request, verdict }
        })
      )
  }
}

async function lock(
  transaction: Queryable,
  idHash: Bytes,
  { browserHash, ticketHash }: { browserHash?: Bytes; ticketHash?: Bytes | undefined } = {}
): Promise<RequestRow | undefined> {
  const isOfBrowser = browserHash === undefined ? Prisma.empty : Prisma.sql`AND r.browser_hash = ${browserHash}`
  const [row] = await transaction.$queryRaw<RequestRow[]>`
    SELECT ${columns(ticketHash)} FROM authorization_requests r WHERE r.id_hash = ${idHash} AND ${isAlive} ${isOfBrowser} FOR UPDATE`
  return row
}

/** What the claim asked of a session, another one of the same user may lack. */
function isClaimedBy(row: RequestRow, { userId, sessionId }: ClaimingSession): boolean {
  return row.user_id === userId && row.session_id === sessionId
}

async function isLiveSession(transaction: Queryable, sessionId: string): Promise<boolean> {
  const rows = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM refresh_token_families f WHERE f.id = ${sessionId}::uuid AND ${isLive}`
  return rows.length > 0
}

interface SessionFacts {
  username: string
  credentials_state: string
  authenticated_at: Date
  acr: string
  amr: string[]
  age_seconds: number
  is_new: boolean
  has_factor: boolean
  lacks_factor: boolean
}

async function claim(
  transaction: Queryable,
  { idHash, ticketHash, userId, sessionId }: { idHash: Bytes; ticketHash: Bytes; userId: string; sessionId: string }
): Promise<ClaimOutcome> {
  const row = await lock(transaction, idHash)
  if (!row) return { outcome: 'unknown' }
  if (row.user_id !== null && row.user_id !== userId) return { outcome: 'taken' }
  const hasFactor = Prisma.sql`(EXISTS (SELECT FROM totp_factors t WHERE t.user_id = u.id) OR EXISTS (SELECT FROM passkeys p WHERE p.user_id = u.id))`
  const [session] = await transaction.$queryRaw<SessionFacts[]>`
    SELECT u.username, ${credentialsState} AS credentials_state, s.at AS authenticated_at, f.acr, f.amr,
      date_part('epoch', ${databaseNow} - s.at) AS age_seconds, s.at >= ${row.created_at.toISOString()}::timestamptz AS is_new,
      ${hasFactor} AS has_factor, f.acr = 'urn:countersign:acr:1' AND f.trusted_device_id IS NULL AND ${hasFactor} AS lacks_factor
    FROM refresh_token_families f JOIN users u ON u.id = f.user_id
      CROSS JOIN LATERAL (SELECT coalesce(f.authenticated_at, f.created_at) AS at) s
    WHERE f.id = ${sessionId}::uuid AND f.user_id = ${userId}::uuid AND f.client_id = ${firstPartyClientId} AND ${isLive}
      AND u.disabled_at IS NULL`
  if (!session) return { outcome: 'session_ended' }
  const needed = neededSignIn(row, session)
  if (needed) return { outcome: 'needs_sign_in', ...needed }
  const apiScopes = await heldScopes(transaction, userId, row)
  const granted = apiScopes.map(({ scope }) => scope).filter(Boolean)
  // What is allowed is what was shown: for more, the user is asked again.
  const hasGrown = granted.some((scope) => !row.granted_scopes?.includes(scope))
  const [claimed] = await transaction.$queryRaw<RequestRow[]>`
    UPDATE authorization_requests r SET user_id = ${userId}::uuid, session_id = ${sessionId}::uuid, ticket_hash = ${ticketHash},
      credentials_state = ${session.credentials_state}, authenticated_at = ${session.authenticated_at.toISOString()}::timestamptz,
      acr = ${session.acr}, amr = ${session.amr}, granted_scopes = ${granted},
      decision = CASE WHEN ${hasGrown} THEN NULL ELSE r.decision END
    WHERE r.id_hash = ${idHash} RETURNING ${columns(undefined)}`
  return { outcome: 'claimed', request: toRequest(claimed as RequestRow), apiScopes }
}

/** `prompt=login` and `max_age=0` want a sign-in that is newer than the request (OpenID Connect Core §3.1.2.1). */
function neededSignIn({ prompt, max_age: maxAge, acr_values: acrValues }: RequestRow, session: SessionFacts) {
  const level = neededLevel(acrValues)
  // A user without a second factor could not show one: the client gets an error at the end.
  const lacksLevel = level !== undefined && session.acr !== level && session.has_factor
  const acr = session.lacks_factor ? 'urn:countersign:acr:2' : lacksLevel ? level : undefined
  const isAgain = prompt.includes('login') || maxAge === 0
  const isOld = isAgain ? !session.is_new : maxAge !== null && session.age_seconds > maxAge
  if (!isOld && acr === undefined) return undefined
  return { maxAgeSeconds: isOld ? (isAgain ? 0 : (maxAge ?? 0)) : undefined, acr }
}

async function heldScopes(
  transaction: Queryable,
  userId: string,
  { resource, scopes }: RequestRow
): Promise<ApiScopeText[]> {
  if (resource === null) return []
  // An API without scopes is allowed as a whole.
  if (scopes.length === 0)
    return transaction.$queryRaw<ApiScopeText[]>`
      SELECT '' AS scope, a.name AS "apiName", '' AS description FROM apis a WHERE a.identifier = ${resource}`
  return transaction.$queryRaw<ApiScopeText[]>`
    SELECT s.name AS scope, a.name AS "apiName", s.description
    FROM api_scopes s JOIN apis a ON a.identifier = s.api JOIN users u ON u.id = ${userId}::uuid
    WHERE s.api = ${resource} AND s.name = ANY(${scopes}) AND EXISTS (
      SELECT FROM role_scopes rs WHERE rs.api = s.api AND rs.scope = s.name AND rs.role = ANY(${rolesOfUser}))
    ORDER BY s.name`
}

async function keepConsent(transaction: Queryable, userId: string, row: RequestRow): Promise<void> {
  const parts = [
    { api: '', scopes: row.identity_scopes as string[] },
    ...(row.resource === null ? [] : [{ api: row.resource, scopes: row.granted_scopes ?? [] }])
  ]
  for (const { api, scopes } of parts) {
    await transaction.$executeRaw`
      INSERT INTO consents (user_id, client_id, api, scopes, granted_at)
      VALUES (${userId}::uuid, ${row.client_id}, ${api}, ${scopes}, ${databaseNow})
      ON CONFLICT (user_id, client_id, api) DO UPDATE SET granted_at = excluded.granted_at,
        scopes = ARRAY(SELECT DISTINCT one FROM unnest(consents.scopes || excluded.scopes) one ORDER BY one)`
  }
}

async function insertCode(transaction: Queryable, idHash: Bytes, codeHash: Bytes): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO authorization_codes (code_hash, client_id, redirect_uri, code_challenge, nonce, identity_scopes, scopes, resource, dpop_jkt,
      user_id, session_id, credentials_state, authenticated_at, acr, amr, expires_at)
    SELECT ${codeHash}, r.client_id, r.redirect_uri, r.code_challenge, r.nonce, r.identity_scopes, r.granted_scopes, r.resource, r.dpop_jkt,
      r.user_id, r.session_id, r.credentials_state, r.authenticated_at, r.acr, r.amr, ${databaseNow} + ${seconds(codeSeconds)}
    FROM authorization_requests r WHERE r.id_hash = ${idHash}`
}

function toRequest(row: RequestRow): AuthorizationRequest {
  return {
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    responseMode: row.response_mode,
    state: row.state ?? undefined,
    nonce: row.nonce ?? undefined,
    codeChallenge: row.code_challenge ?? undefined,
    identityScopes: row.identity_scopes,
    scopes: row.scopes,
    resource: row.resource ?? undefined,
    prompt: row.prompt,
    maxAge: row.max_age ?? undefined,
    loginHint: row.login_hint ?? undefined,
    hintedUserId: row.hinted_user_id ?? undefined,
    acrValues: row.acr_values,
    uiLocales: row.ui_locales,
    dpopJkt: row.dpop_jkt ?? undefined,
    expiresInSeconds: row.expires_in,
    claim:
      row.user_id === null
        ? undefined
        : {
            userId: row.user_id,
            username: row.username ?? '',
            acr: row.acr ?? '',
            grantedScopes: row.granted_scopes ?? []
          },
    decision: row.decision ?? undefined,
    isConsented: row.is_consented
  }
}
