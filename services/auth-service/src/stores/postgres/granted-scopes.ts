/** What a session's access token may have, read in the statement that allows it (docs/decisions/0025-apis-and-roles.md). */
import { Prisma } from '@countersign/prisma'
import { firstPartyClientId } from '../../clients/client-rules.ts'
import { everyonesRole } from '../../roles/role.ts'
import { userinfoPath } from '../../tokens/identity-scopes.ts'
import { accountScope } from '../../tokens/requested-grant.ts'

/** What a token request names, each as an expression: NULL when it does not name it. */
export interface RequestExpressions {
  /** `text[]` */
  readonly scopes: Prisma.Sql
  /** `text` */
  readonly resource: Prisma.Sql
  /** This issuer's identifier, `text`. */
  readonly issuer: Prisma.Sql
  /** Whether a service asks by its own rights, whatever the client of the session may have. */
  readonly isBeyondClient?: true
}

/** All roles of the user `u`. */
export const rolesOfUser = Prisma.raw(`array_append(u.roles, '${everyonesRole}')`)

/** Expressions over a family `f` and its user `u`. */
export interface GrantExpressions {
  /** `text[]`: what the token is for. */
  readonly audience: Prisma.Sql
  /** `text[]`: what is asked for, of what the user's roles hold there. */
  readonly scopes: Prisma.Sql
  /** `text[]`, or NULL for a token without the claim. */
  readonly roles: Prisma.Sql
  /** Whether there is what the token is for. */
  readonly hasTarget: Prisma.Sql
  /** Whether a scope is left, or none is needed: where an API has no scopes, and nothing is asked for. */
  readonly hasScopes: Prisma.Sql
}

const userinfo = Prisma.raw(`'${userinfoPath}'`)

/** Whether the family `f` is one of the issuer's own pages: those of other clients never use the account. */
const isOwnClient = Prisma.raw(`f.client_id = '${firstPartyClientId}'`)

/**
 * A token is for the API that the request names, or for what the sign-in asked for. For another client it is no wider than what the user
 * allowed: for an API, or for userinfo. Its scopes are those that the user's roles hold there, and at the issuer itself the account's: an
 * API that is registered by the issuer's own name adds none.
 */
export function grantExpressions({
  scopes: asked,
  resource,
  issuer,
  isBeyondClient
}: RequestExpressions): GrantExpressions {
  const isUnlimited = isBeyondClient ? Prisma.sql`true` : isOwnClient
  const audience = Prisma.sql`CASE WHEN ${resource} IS NULL THEN f.audience ELSE ARRAY[${resource}] END`
  // What the sign-in asked for counts for what the sign-in was for.
  const wanted = Prisma.sql`CASE WHEN ${asked} IS NOT NULL THEN ${asked}
    WHEN ${resource} IS NULL OR ARRAY[${resource}] = f.audience THEN f.asked_scopes END`
  const namesIssuer = Prisma.sql`${issuer} = ANY(${audience})`
  const isForIssuer = Prisma.sql`(${isOwnClient} AND ${namesIssuer})`
  const isForUserinfo = Prisma.sql`(NOT ${isOwnClient} AND rtrim(${issuer}, '/') || ${userinfo} = ANY(${audience}))`
  const scopes = Prisma.sql`ARRAY(
    SELECT held.scope FROM (
      SELECT rs.scope FROM role_scopes rs
      WHERE rs.role = ANY(${rolesOfUser}) AND rs.api = ANY(${audience}) AND rs.api <> ${issuer}
      UNION SELECT ${Prisma.raw(`'${accountScope}'`)} WHERE ${isForIssuer}
    ) held WHERE (${wanted} IS NULL OR held.scope = ANY(${wanted})) AND (${isUnlimited} OR held.scope = ANY(f.asked_scopes)) ORDER BY held.scope)`
  const rolesOfApi = Prisma.sql`ARRAY(
    SELECT DISTINCT r.name FROM unnest(${rolesOfUser}) r (name)
    WHERE EXISTS (SELECT FROM role_scopes rs WHERE rs.role = r.name AND rs.api = ANY(${audience})) ORDER BY r.name)`
  return {
    audience,
    scopes,
    roles: Prisma.sql`CASE WHEN ${isForIssuer} THEN u.roles
      WHEN EXISTS (SELECT FROM apis a WHERE a.identifier = ANY(${audience}) AND a.carries_roles) THEN ${rolesOfApi} END`,
    hasTarget: Prisma.sql`((${isUnlimited} OR ${resource} IS NULL OR ${resource} = ANY(f.audience))
      AND ((${isUnlimited} AND ${namesIssuer}) OR ${isForUserinfo} OR EXISTS (SELECT FROM apis a WHERE a.identifier = ANY(${audience}))))`,
    hasScopes: Prisma.sql`CASE WHEN ${isForUserinfo} THEN true
      WHEN cardinality(f.asked_scopes) = 0 AND NOT ${isOwnClient} AND ${asked} IS NULL
        THEN NOT EXISTS (SELECT FROM api_scopes s WHERE s.api = ANY(${audience}))
      WHEN ${wanted} IS NOT NULL THEN cardinality(${scopes}) > 0
      WHEN ${isForIssuer} THEN true
      ELSE cardinality(${scopes}) > 0 OR NOT EXISTS (SELECT FROM api_scopes s WHERE s.api = ANY(${audience})) END`
  }
}
