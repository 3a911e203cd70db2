import { z } from 'zod'
import type { FactorOverview } from '../sign-in/second-factors.ts'
import type { TrustedDevice } from '../sign-in/trusted-devices.ts'
import { deviceToken, flow, signInResponse } from './account.ts'
import { errorResponse } from './errors.ts'
import { assertion } from './passkeys.ts'

/** Requests and responses of second factors. */

const totpCode = z
  .string()
  .transform((text) => text.replaceAll(/\s/g, ''))
  .pipe(z.string().regex(/^\d{6}$/, { error: 'must be 6 digits' }))
  .meta({ description: 'the code that the authenticator app shows', examples: ['492039'] })

const recoveryCode = z.string().min(1).max(64).meta({ description: 'each is valid once' })

const trustDevice = z.boolean().optional().meta({
  description: 'whether the second factor is not to be asked for on this device for 30 days'
})

/** What is beside `error: "factor_required"`. */
const factorRequiredMembers = {
  flow: flow.meta({ description: 'a secret of this client; to be sent with the next step' }),
  expires_in: z.int().meta({ description: 'seconds until the sign-in has to begin again' }),
  factors: z
    .array(z.enum(['totp', 'passkey', 'recovery_code']))
    .meta({ description: 'any of them completes the sign-in, at `POST /auth/login/factor`' }),
  enrolment: z.enum(['open', 'mail_code']).nullable().meta({
    description:
      'set when the user has no second factor and has to set one up, at `POST /auth/login/enrolment`; `mail_code`: with a code that `POST /auth/login/enrolment/mail` sends'
  })
}

/** 401 `factor_required` */
export const factorRequiredResponse = errorResponse
  .omit({ issues: true })
  .extend({ error: z.literal('factor_required'), ...factorRequiredMembers })
  .meta({ id: 'FactorRequired' })

/** `POST /auth/login/factor` */
export const factorBody = z
  .strictObject({
    flow,
    totp: totpCode.optional(),
    recovery_code: recoveryCode.optional(),
    passkey: assertion
      .optional()
      .meta({ description: 'signs what `POST /auth/login/passkey/options` gave for the flow' }),
    trust_device: trustDevice,
    device_token: deviceToken
  })
  .refine((body) => [body.totp, body.recovery_code, body.passkey].filter((one) => one !== undefined).length === 1, {
    error: 'must hold one factor: totp, recovery_code or passkey'
  })
  .meta({ id: 'SecondFactor' })
export type FactorBody = z.output<typeof factorBody>

/** `POST /auth/login/enrolment/mail` */
export const enrolmentMailBody = z.strictObject({ flow }).meta({ id: 'EnrolmentMail' })

export const enrolmentMailSent = z
  .object({ expires_in: z.int().meta({ description: 'seconds until the code is no longer valid' }) })
  .meta({ id: 'EnrolmentMailSent' })

/** `POST /auth/login/enrolment` */
export const enrolmentBody = z
  .strictObject({
    flow,
    code: z
      .string()
      .regex(/^\d{8}$/, { error: 'must be 8 digits' })
      .optional()
      .meta({ description: 'from the mail, where there has to be one' })
  })
  .meta({ id: 'Enrolment' })

export const totpSetUp = z
  .object({
    secret: z.string().meta({ description: 'in base32, for typing' }),
    uri: z.string().meta({ description: '`otpauth://totp/…`, for a QR code' })
  })
  .meta({ id: 'TotpSetUp' })

/** `POST /auth/login/enrolment/confirm` */
export const enrolmentConfirmation = z
  .strictObject({ flow, totp: totpCode, trust_device: trustDevice, device_token: deviceToken })
  .meta({ id: 'EnrolmentConfirmation' })

const codes = z
  .array(z.string())
  .meta({ description: 'each is valid once, in place of a second factor; shown only now' })

export const enrolledSignIn = signInResponse.extend({ recovery_codes: codes }).meta({ id: 'EnrolledSignIn' })

/** `POST /auth/me/totp/confirm` */
export const totpConfirmation = z.strictObject({ totp: totpCode }).meta({ id: 'TotpConfirmation' })

export const recoveryCodes = z.object({ recovery_codes: codes }).meta({ id: 'RecoveryCodes' })

export const trustedDevice = z.object({
  id: z.uuid(),
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  address: z.string(),
  user_agent: z.string()
})

/** The authenticator app of a user. */
export const ownTotp = z.object({ created_at: z.iso.datetime(), last_used_at: z.iso.datetime().nullable() })

export function totpOnWire(totp: FactorOverview['totp']) {
  return totp
    ? { created_at: totp.createdAt.toISOString(), last_used_at: totp.lastUsedAt?.toISOString() ?? null }
    : null
}

export function trustedDeviceOnWire(device: TrustedDevice) {
  return {
    id: device.id,
    created_at: device.createdAt.toISOString(),
    last_used_at: device.lastUsedAt.toISOString(),
    expires_at: device.expiresAt.toISOString(),
    address: device.address,
    user_agent: device.userAgent
  }
}

/** `GET /auth/me/second-factors` */
export const factorOverview = z
  .object({
    totp: ownTotp.nullable(),
    recovery_codes_left: z.int(),
    has_second_factor: z.boolean().meta({ description: 'also when it is a passkey: recovery codes can be made then' }),
    is_required: z.boolean().meta({ description: 'whether the last second factor cannot be removed' }),
    trusted_devices: z.array(trustedDevice).meta({ description: 'on which it is not asked for at sign-in' })
  })
  .meta({ id: 'SecondFactors' })

export const trustedDeviceParams = z.object({ id: z.uuid({ error: 'There is no such trusted device.' }) })

/** `DELETE /admin/users/:id/second-factors` */
export const factorsReset = z
  .object({ removed: z.int().meta({ description: 'how many second factors there were' }), ended_sessions: z.int() })
  .meta({ id: 'SecondFactorsReset' })
