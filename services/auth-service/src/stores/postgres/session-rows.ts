import { Prisma } from '@countersign/prisma'
import type { PresentedGeneration, Session } from '../../sessions/refresh-token-families.ts'
import type { IdentityScope } from '../../tokens/identity-scopes.ts'
import type { GrantExpressions } from './granted-scopes.ts'
import { databaseNow } from './revocation-entries.ts'
import { signingKid } from './signing-key-store.ts'

/** The columns of the session in a statement that allows new tokens. */
export interface SessionRow {
  user_id: string
  username: string
  name: string
  roles: string[] | null
  scopes: string[]
  audience: string[]
  identity_scopes: IdentityScope[]
  verified_email: string | null
  generation: number
  auth_time: number
  acr: string
  amr: string[]
  issued_at: number
  signing_kid: string
}

/** The columns of a {@link SessionRow}, of the family `f` and its user `u`. */
export function sessionColumns({ roles, scopes, audience }: GrantExpressions): Prisma.Sql {
  return Prisma.sql`u.id AS user_id, u.username, coalesce(u.display_name, u.username) AS name, ${roles} AS roles, ${scopes} AS scopes, ${audience} AS audience, f.identity_scopes, CASE WHEN u.email_verified_at IS NOT NULL THEN u.email END AS verified_email, f.generation,
  floor(date_part('epoch', coalesce(f.authenticated_at, f.created_at))) AS auth_time, f.acr, f.amr,
  floor(date_part('epoch', ${databaseNow})) AS issued_at, ${signingKid} AS signing_kid`
}

/** The session as a statement confirmed it. */
export function toSession(
  row: SessionRow,
  { familyId, clientId }: Pick<PresentedGeneration, 'familyId' | 'clientId'>
): Session {
  return {
    userId: row.user_id,
    username: row.username,
    name: row.name,
    roles: row.roles ?? undefined,
    clientId,
    sessionId: familyId,
    scope: row.scopes.join(' '),
    audience: row.audience,
    identityScopes: row.identity_scopes,
    email: row.verified_email,
    generation: row.generation,
    authentication: { at: row.auth_time, acr: row.acr, amr: row.amr },
    issuedAt: row.issued_at,
    signingKid: row.signing_kid
  }
}
