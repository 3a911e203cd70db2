import { assertionType, signClientAssertion } from './client-assertion.ts'
import { type HeldToken, holdToken } from './held-token.ts'
import type { checkOptions } from './source-options.ts'
import { type GrantedToken, requestToken } from './token-endpoint.ts'

type CheckedOptions = ReturnType<typeof checkOptions>

const timeoutMilliseconds = 5_000
const maxBytes = 64 * 1024

/**
 * Asks once, with an assertion of its own, for what the options say.
 * @param grant `grant_type`, and what else the grant needs
 * @throws {ServiceTokenError}
 */
export async function requestGrant(
  options: CheckedOptions,
  grant: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<GrantedToken> {
  const { issuer, tokenEndpoint, clientId, signingKey, scope, resources, fetch, clock } = options
  const keyId = await signingKey.keyId()
  const assertion = await signClientAssertion({ clientId, audience: issuer, signingKey, keyId, now: clock.now() })
  const form = new URLSearchParams({ ...grant, client_id: clientId, client_assertion_type: assertionType })
  form.set('client_assertion', assertion)
  if (scope !== undefined) form.set('scope', scope)
  for (const resource of resources) form.append('resource', resource)
  return requestToken(tokenEndpoint, form, { fetch, timeoutMilliseconds, maxBytes, signal })
}

/** Makes the request of a source, for a token by which a service acts on its own behalf (RFC 6749 §4.4). */
export function createTokenRequest(options: CheckedOptions, signal: AbortSignal): () => Promise<HeldToken> {
  const { clock } = options
  return async function request() {
    const sentAt = { now: clock.now(), monotonic: clock.monotonic() }
    return holdToken(await requestGrant(options, { grant_type: 'client_credentials' }, signal), sentAt, clock)
  }
}
