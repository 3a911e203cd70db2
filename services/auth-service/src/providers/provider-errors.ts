import { OAuthError, TemporarilyUnavailableError } from '@countersign/oauth'

/** Why a sign-in with another service ends without a session. Each has a sentence in the pages. */
const refusals = {
  invalid_transaction: [
    400,
    'This sign-in is no longer open: it took too long, was used already, or was started in another browser. Start again.'
  ],
  provider_declined: [403, 'The sign-in was cancelled there, or refused by the other service.'],
  invalid_provider_response: [403, 'The other service sent a response that cannot be trusted. Begin again.'],
  account_exists: [
    409,
    'There is an account with this e-mail address. Sign in to it as usual, and link the other service in your account.'
  ],
  registration_closed: [403, 'No account here is linked to this identity, and registration is closed.'],
  identity_taken: [409, 'This identity is linked to another account.'],
  other_identity: [403, 'This identity is not one of your account. Choose the one that is.'],
  sign_in_not_recent: [
    403,
    'The other service did not ask you to sign in there, or does not say when you did. Confirm it another way.'
  ],
  too_many_identities: [409, 'No more identities can be linked to this account.']
} as const satisfies Record<string, readonly [number, string]>
export type ProviderRefusal = keyof typeof refusals

/** A sign-in with another service was refused; `code` says why. */
export class ProviderRefusedError extends OAuthError {
  readonly code: ProviderRefusal
  readonly status: number

  constructor(code: ProviderRefusal, options: { detail?: string; cause?: unknown } = {}) {
    const [status, description] = refusals[code]
    super(description, options)
    this.code = code
    this.status = status
  }
}

/** 503: the provider does not respond. Other ways to sign in go on. */
export class ProviderUnavailableError extends TemporarilyUnavailableError {
  constructor(detail: string, cause?: unknown) {
    super({
      description: 'The other service does not respond right now. Try again in a moment, or sign in another way.',
      retryAfterSeconds: 5,
      detail,
      cause
    })
  }
}
