import type { UserStore } from '../../accounts/user-store.ts'
import type { ClientInfo } from '../../client-info.ts'
import { type ProviderDeps, type StartedTransaction, startAtProvider } from '../../providers/provider-sign-in.ts'
import type { WithinSession } from '../../providers/provider-transactions.ts'
import type { UserAccessToken } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'

export function startedOnWire({ authorizationUrl, transaction, expiresInSeconds }: StartedTransaction) {
  return { authorization_url: authorizationUrl, transaction, expires_in: expiresInSeconds }
}

interface StartRequest {
  readonly params: { readonly id: string }
  readonly accessToken: UserAccessToken
  readonly origin: ClientInfo
}

/** Sends the user of a session to a provider. @throws {AccessDeniedError} when the session has ended */
export const startWithinSession =
  (purpose: WithinSession['purpose']) =>
  ({ users, ...deps }: ProviderDeps & { users: Pick<UserStore, 'findCredentialsById'> }) =>
  async ({ params, accessToken: { sub: userId, sid: sessionId }, origin }: StartRequest) => {
    const user = await users.findCredentialsById(userId)
    if (!user || user.isDisabled) throw sessionEnded()
    const within = { purpose, userId, sessionId, credentialsState: user.credentialsState }
    return startedOnWire(await startAtProvider(deps, { providerId: params.id, within, origin }))
  }
