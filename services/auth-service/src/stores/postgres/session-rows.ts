import { Prisma } from '@countersign/prisma'
import type { PresentedGeneration, Session } from '../../sessions/refresh-token-families.ts'
import { databaseNow } from './revocation-entries.ts'
import { signingKid } from './signing-key-store.ts'

/** The columns of the session in a statement that allows new tokens. */
export interface SessionRow {
  user_id: string
  username: string
  roles: string[]
  scope: string
  audience: string[]
  generation: number
  issued_at: number
  signing_kid: string
}

/** The columns of a {@link SessionRow}, of the family `f` and its user `u`. */
export const sessionColumns = Prisma.sql`u.id AS user_id, u.username, u.roles, f.scope, f.audience, f.generation,
  floor(date_part('epoch', ${databaseNow})) AS issued_at, ${signingKid} AS signing_kid`

type SessionRequest = Pick<PresentedGeneration, 'familyId' | 'clientId' | 'scopes' | 'audience'>

/** The session with the requested scope and audience, or with all that it has. */
export function toSession(row: SessionRow, { familyId, clientId, scopes, audience }: SessionRequest): Session {
  return {
    userId: row.user_id,
    username: row.username,
    roles: row.roles,
    clientId,
    sessionId: familyId,
    scope: scopes?.join(' ') ?? row.scope,
    audience: audience ?? row.audience,
    generation: row.generation,
    issuedAt: row.issued_at,
    signingKid: row.signing_kid
  }
}
