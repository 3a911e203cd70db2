import { Prisma } from '@countersign/prisma'
import { type AuthenticationLevel, authenticationLevels } from '@countersign/verifier'
import { firstPartyClientId, getsRefreshToken } from '../../clients/client-rules.ts'
import type { ExchangeOutcome, PresentedCode } from '../../sessions/refresh-token-families.ts'
import { type IdentityScope, userinfoAudience } from '../../tokens/identity-scopes.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type DatabaseConnection, queryableOn } from './database.ts'
import { endFamilies, isLive } from './ending-families.ts'
import type { PreparedStatements } from './prepared-statements.ts'
import { databaseNow } from './revocation-entries.ts'
import type { FamilyStart } from './starting-families.ts'

interface CodeRow {
  nonce: string | null
  identity_scopes: IdentityScope[]
  scopes: string[]
  resource: string | null
  dpop_jkt: string | null
  user_id: string
  session_id: string
  credentials_state: string
  authenticated_at: Date
  acr: string
  amr: string[]
  family_id: string
}

interface ClientFacts {
  isFirstParty: boolean
  grantTypes: string[]
  hasReceiver: boolean
}

/** What has to be presented with a code: only who could have exchanged it can end its session by doing so again. */
const isPresented = `code_hash = $1 AND client_id = $2 AND redirect_uri = $3 AND code_challenge IS NOT DISTINCT FROM $4::text
  AND (dpop_jkt IS NULL OR dpop_jkt = $5::text)`

/** Waits for another exchange of the same code, and then finds it used. */
const useText = `
  UPDATE authorization_codes SET used_at = ${databaseNow.sql}, family_id = gen_random_uuid()
  WHERE ${isPresented} AND used_at IS NULL AND expires_at > ${databaseNow.sql}
  RETURNING nonce, identity_scopes, scopes, resource, dpop_jkt, user_id, session_id, credentials_state, authenticated_at, acr, amr, family_id`

/** A change of the client waits for this transaction, or is seen by it. */
const clientText = `
  SELECT first_party AS "isFirstParty", grant_types AS "grantTypes", backchannel_logout_uri IS NOT NULL AS "hasReceiver" FROM clients WHERE id = $1 AND epoch = $2::uuid AND disabled_at IS NULL FOR KEY SHARE`

/** What ends the user's sessions or takes a consent back waits for this transaction, or is seen by the next statement. */
const lockUserText = `SELECT 1 FROM users WHERE id = $1::uuid FOR NO KEY UPDATE`

const browserText = `
  SELECT f.trusted_device_id AS "trustedDeviceId",
    EXISTS (SELECT FROM consents c WHERE c.user_id = f.user_id AND c.client_id = $3) AS "isConsented"
  FROM refresh_token_families f
  WHERE f.id = $1::uuid AND f.user_id = $2::uuid AND f.client_id = '${firstPartyClientId}' AND ${isLive.sql} FOR SHARE OF f`

const usedText = `
  SELECT user_id, family_id FROM authorization_codes WHERE ${isPresented} AND used_at IS NOT NULL`

export function createCodeExchange(
  preparedStatements: PreparedStatements,
  start: FamilyStart,
  { issuer }: { readonly issuer: string }
): (presented: PresentedCode) => Promise<ExchangeOutcome> {
  const use = preparedStatements.prepare<CodeRow>(useText)
  const confirmClient = preparedStatements.prepare<ClientFacts>(clientText)
  const lockUser = preparedStatements.prepare(lockUserText)
  const findBrowser = preparedStatements.prepare<{ trustedDeviceId: string | null; isConsented: boolean }>(browserText)
  const findUsed = preparedStatements.prepare<{ user_id: string; family_id: string }>(usedText)

  return (presented) =>
    preparedStatements.transaction(async (connection) => {
      const { codeHash, clientId, credentialId, redirectUri, challenge, jkt } = presented
      const [client] = await confirmClient([clientId, credentialId], connection)
      if (!client) return { outcome: 'client_changed' }
      const [code] = await use([codeHash, clientId, redirectUri, challenge ?? null, jkt ?? null], connection)
      if (!code) return replay(connection, presented)
      // Used up, like any code that is presented in a wrong way by its own client.
      if (presented.resource?.some((one) => one !== code.resource)) return { outcome: 'other_resource' }
      await lockUser([code.user_id], connection)
      const [browser] = await findBrowser([code.session_id, code.user_id, clientId], connection)
      if (!browser || !(client.isFirstParty || browser.isConsented)) return { outcome: 'session_ended' }
      const started = await start(
        connection,
        {
          userId: code.user_id,
          clientId,
          credentialsState: code.credentials_state,
          audience: [code.resource ?? userinfoAudience(issuer)],
          scopes: code.scopes,
          identityScopes: code.identity_scopes,
          isRefreshable: getsRefreshToken(client, code.identity_scopes),
          hasReceiver: client.hasReceiver,
          browserSessionId: code.session_id,
          authentication: { acr: levelOf(code.acr), amr: code.amr, at: code.authenticated_at },
          trustedDeviceId: browser.trustedDeviceId ?? undefined,
          network: presented.network,
          jkt,
          origin: presented.origin
        },
        code.family_id
      )
      if (started.outcome !== 'started') return started
      return { ...started, outcome: 'exchanged', nonce: code.nonce ?? undefined }
    })

  /** RFC 6749 §4.1.2: what was issued by the code is revoked. */
  async function replay(connection: DatabaseConnection, presented: PresentedCode): Promise<ExchangeOutcome> {
    const { codeHash, clientId, redirectUri, challenge, jkt, origin } = presented
    const [used] = await findUsed([codeHash, clientId, redirectUri, challenge ?? null, jkt ?? null], connection)
    if (!used) return { outcome: 'unknown' }
    const queryable = queryableOn(connection)
    const selection = Prisma.sql`f.id = ${used.family_id}::uuid AND f.client_id = ${clientId}`
    const { ended, entries } = await endFamilies(queryable, { selection, reason: 'replay' })
    if (ended > 0) {
      await recordAuditEvent(queryable, {
        type: 'authorization_code.replayed',
        userId: used.user_id,
        sessionId: used.family_id,
        clientId,
        origin
      })
    }
    return { outcome: 'replayed', sessionId: used.family_id, entries }
  }
}

function levelOf(acr: string): AuthenticationLevel {
  return authenticationLevels.find((level) => level === acr) ?? authenticationLevels[0]
}
