import { assertionType, signClientAssertion } from './client-assertion.ts'
import { type HeldToken, holdToken } from './held-token.ts'
import type { checkOptions } from './source-options.ts'
import { requestToken } from './token-endpoint.ts'

const timeoutMilliseconds = 5_000
const maxBytes = 64 * 1024

/** Makes the request of a source: each call asks once, with an assertion of its own. */
export function createTokenRequest(options: ReturnType<typeof checkOptions>, signal: AbortSignal) {
  const { issuer, tokenEndpoint, clientId, signingKey, scope, resources, fetch, clock } = options

  /** @throws {ServiceTokenError} */
  return async function request(): Promise<HeldToken> {
    const sentAt = { now: clock.now(), monotonic: clock.monotonic() }
    const keyId = await signingKey.keyId()
    const assertion = await signClientAssertion({ clientId, audience: issuer, signingKey, keyId, now: sentAt.now })
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId })
    form.set('client_assertion_type', assertionType)
    form.set('client_assertion', assertion)
    if (scope !== undefined) form.set('scope', scope)
    for (const resource of resources) form.append('resource', resource)
    const granted = await requestToken(tokenEndpoint, form, { fetch, timeoutMilliseconds, maxBytes, signal })
    return holdToken(granted, sentAt, clock)
  }
}
