import { InvalidTargetError } from '@countersign/oauth'
import type { VerifiedAccessToken } from '@countersign/verifier'
import type { ConfirmedClient } from '../clients/client-store.ts'
import { isUuid } from '../identifiers.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { audienceOf } from '../tokens/own-access-tokens.ts'
import { noScopeLeft, readScopes } from '../tokens/requested-grant.ts'

export interface ExchangeRulesDeps {
  issuer: string
  sessions: Pick<Sessions, 'rightsAt'>
}

export interface ExchangeForApi {
  readonly client: ConfirmedClient
  readonly subject: VerifiedAccessToken
  /** The `scope` parameter. */
  readonly scope: string | undefined
  /** An API that the subject token is not for. */
  readonly target: string
}

/**
 * What a client gets for another API than the user's token is for: what is asked for, of what the client's rules allow, of what
 * the user's roles hold there. The issuer is never such an API.
 * @throws {InvalidTargetError} when no rule leads there, {@link InvalidScopeError} when no scope is left
 */
export async function exchangeByRule(
  { issuer, sessions }: ExchangeRulesDeps,
  { client, subject, scope, target }: ExchangeForApi
) {
  const allowed = allowedScopes(client, subject, target)
  if (target === issuer || allowed.length === 0) {
    throw new InvalidTargetError({ description: 'No rule of this client leads from the subject_token to this API.' })
  }
  const rights = await rightsOf(sessions, subject, target)
  if (!rights) {
    throw new InvalidTargetError({ description: 'The API is not registered, or the session of the user has ended.' })
  }
  const asked = readScopes(scope) ?? allowed
  const scopes = rights.scopes.filter((one) => allowed.includes(one) && asked.includes(one))
  if (scopes.length === 0) throw noScopeLeft()
  return { scopes, audience: [target], roles: rights.roles }
}

/** What all rules together allow that fit the subject token. */
function allowedScopes({ exchangeRules }: ConfirmedClient, subject: VerifiedAccessToken, target: string): string[] {
  const [audience, scopes] = [audienceOf(subject), subject.scope?.split(' ') ?? []]
  const isFit = (needed: string | undefined) => needed === undefined || scopes.includes(needed)
  return exchangeRules
    .filter((rule) => rule.to === target && audience.includes(rule.from) && isFit(rule.scope))
    .flatMap((rule) => rule.scopes)
}

/** A client's own token has no session: a client holds nothing by roles. */
async function rightsOf(sessions: ExchangeRulesDeps['sessions'], { sub, sid }: VerifiedAccessToken, resource: string) {
  if (sid === undefined || !isUuid(sid) || !isUuid(sub)) return undefined
  return sessions.rightsAt({ familyId: sid, userId: sub, resource })
}
