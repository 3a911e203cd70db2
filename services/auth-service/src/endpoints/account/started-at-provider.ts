import type { StartedTransaction } from '../../providers/provider-sign-in.ts'

export function startedOnWire({ authorizationUrl, transaction, expiresInSeconds }: StartedTransaction) {
  return { authorization_url: authorizationUrl, transaction, expires_in: expiresInSeconds }
}
