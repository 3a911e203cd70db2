import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  sendSignal,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
  WebAuthnError
} from '@simplewebauthn/browser'
import { ApiError } from '../api/api-error.ts'
import { say } from '../texts/say.ts'

/** What browsers do with passkeys. */

export type Assertion = Awaited<ReturnType<typeof startAuthentication>>
export type Registration = Awaited<ReturnType<typeof startRegistration>>
/** Options from the service: the browser reads the members that it knows. */
export type Options = Record<string, unknown>

export const hasPasskeys = browserSupportsWebAuthn
export const hasPasskeyAutofill = browserSupportsWebAuthnAutofill

export function makePasskey(options: Options): Promise<Registration> {
  return startRegistration({ optionsJSON: options as unknown as PublicKeyCredentialCreationOptionsJSON })
}

/** @param isAutofill offers passkeys in the field of the username, and waits until one is chosen there */
export function getAssertion(options: Options, isAutofill = false): Promise<Assertion> {
  const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON
  return startAuthentication({ optionsJSON, useBrowserAutofill: isAutofill })
}

/** Ends what waits for a passkey. */
export function stopPasskeys(): void {
  WebAuthnAbortService.cancelCeremony()
}

/** Lets the browser forget a passkey that the service does not know, where it can. */
export function forgetPasskey(error: unknown, rpId: unknown, { id }: Assertion): void {
  if (!(error instanceof ApiError) || error.code !== 'unknown_passkey') return
  void sendSignal({ signalName: 'unknownCredential', rpID: String(rpId), credentialID: id }).catch(() => {})
}

/** Tells the browser which passkeys of a user there are, where it wants to know. */
export function tellPasskeys({
  rp_id,
  user_handle,
  passkeys
}: {
  rp_id: string
  user_handle: string
  passkeys: readonly { credential_id: string }[]
}): void {
  if (!hasPasskeys()) return
  void sendSignal({
    signalName: 'allAcceptedCredentials',
    rpID: rp_id,
    userID: user_handle,
    allAcceptedCredentialIDs: passkeys.map(({ credential_id }) => credential_id)
  }).catch(() => {})
}

/** @returns a sentence about a passkey that was not used; `undefined` for what its own sentence says best */
export function passkeyRefusal(error: unknown): string | undefined {
  if (!(error instanceof ApiError)) return error ? say('passkeys.cancelled') : undefined
  return error.code === 'invalid_credentials' ? say('passkeys.refused') : undefined
}

/** The same for one that was not made. */
export function registrationRefusal(error: unknown): string | undefined {
  if (error instanceof ApiError) return undefined
  const isKnown = error instanceof WebAuthnError && error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED'
  return isKnown ? say('passkeys.addedBefore') : say('passkeys.notAdded')
}
