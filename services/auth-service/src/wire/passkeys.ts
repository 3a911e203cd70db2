import { z } from 'zod'
import type { Passkey } from '../accounts/passkey-store.ts'
import { isUuid } from '../identifiers.ts'
import { deviceToken, flow } from './account.ts'
import { requestedResource, requestedScope } from './oauth.ts'

/** Passkeys on the wire. What browsers give and take is as WebAuthn has it in JSON (Level 3 §5.1.8 to §5.1.10). */

const base64url = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[\w-]+$/, { error: 'must be base64url without padding' })

/** At most 1023 bytes (WebAuthn §6.1). */
const credentialId = base64url(1364)
const type = z.literal('public-key')

const attestation = z
  .object({
    id: credentialId,
    type,
    response: z.object({
      clientDataJSON: base64url(4096),
      attestationObject: base64url(8192),
      transports: z
        .array(z.string().regex(/^[a-z-]{1,32}$/))
        .max(10)
        .optional()
    })
  })
  .meta({ id: 'PasskeyRegistration', description: '`RegistrationResponseJSON` of WebAuthn; other members are ignored' })

export const assertion = z
  .object({
    id: credentialId,
    type,
    response: z.object({
      clientDataJSON: base64url(4096),
      authenticatorData: base64url(2048),
      signature: base64url(1024),
      userHandle: base64url(88)
        .nullish()
        .transform((handle) => handle ?? undefined)
    })
  })
  .meta({ id: 'PasskeyAssertion', description: '`AuthenticationResponseJSON` of WebAuthn; other members are ignored' })

const name = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
    error: 'must be valid Unicode without control characters'
  })

/** `POST /auth/me/passkeys` */
export const newPasskeyBody = z.strictObject({ name, credential: attestation }).meta({ id: 'NewPasskey' })

/** `PATCH /auth/me/passkeys/:id` */
export const passkeyChange = z.strictObject({ name }).meta({ id: 'PasskeyChange' })

export const passkeyParams = z.object({
  id: z.string().refine(isUuid, { error: 'You have no passkey with this id.' }).meta({ format: 'uuid' })
})

/** `POST /auth/login/passkey/options` */
export const passkeyOptionsBody = z
  .strictObject({ flow: flow.optional().meta({ description: 'of a sign-in that needs a second factor' }) })
  .meta({ id: 'PasskeyOptionsRequest' })

/** `POST /auth/login/passkey` */
export const passkeyLoginBody = z
  .strictObject({
    credential: assertion,
    device_token: deviceToken,
    resource: requestedResource,
    scope: requestedScope
  })
  .meta({ id: 'PasskeyLogin' })

/** `POST /auth/step-up/passkey` */
export const passkeyStepUpBody = z
  .strictObject({ credential: assertion, device_token: deviceToken })
  .meta({ id: 'PasskeyStepUp' })

const options = z.record(z.string(), z.unknown())

export const creationOptions = z
  .object({ options: options.meta({ description: '`PublicKeyCredentialCreationOptionsJSON` of WebAuthn' }) })
  .meta({ id: 'PasskeyCreationOptions' })

export const requestOptions = z
  .object({ options: options.meta({ description: '`PublicKeyCredentialRequestOptionsJSON` of WebAuthn' }) })
  .meta({ id: 'PasskeyRequestOptions' })

export const passkey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    credential_id: z.string(),
    synced: z.boolean().meta({ description: 'whether it is on more than one device, as the authenticator says' }),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable()
  })
  .meta({ id: 'Passkey' })

export const passkeyList = z
  .object({
    passkeys: z.array(passkey),
    rp_id: z.string(),
    user_handle: z.string().meta({ description: "the user's id, as authenticators keep it" })
  })
  .meta({ id: 'Passkeys' })

/** A passkey on the wire. */
export function passkeySummary({ id, name, credentialId, isBackedUp, createdAt, lastUsedAt }: Passkey) {
  return {
    id,
    name,
    credential_id: Buffer.from(credentialId).toString('base64url'),
    synced: isBackedUp,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null
  }
}
