import { z } from 'zod'
import { emailRule, parseEmail } from '../accounts/email-addresses.ts'
import { parseUsername, usernameRule } from '../accounts/usernames.ts'
import { accessTokenResponse, requestedResource, requestedScope } from './oauth.ts'
import { registeredUser } from './users.ts'

/** Requests and responses of users for their own accounts. */

/** Texts of a sign-in are only bounded: the response must not differ between an impossible and a wrong pair. */
const credentialText = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
    .refine((text) => text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text), {
      error: 'must be valid Unicode without control characters'
    })

const presentedPassword = z
  .string()
  .min(1)
  .max(1024)
  .refine((text) => text.isWellFormed(), { error: 'must be valid Unicode' })

/** Surrounding spaces are removed, as for usernames. */
const email = z
  .string()
  .max(512)
  .refine((text) => parseEmail(text) !== undefined, { error: `must be ${emailRule}` })
  .transform((text) => parseEmail(text) ?? text)
  .meta({ format: 'email' })

/** `POST /auth/register` */
export const registerBody = z
  .strictObject({
    username: z
      .string()
      .max(256)
      .refine((text) => parseUsername(text) !== undefined, { error: `must be ${usernameRule}` })
      .meta({ examples: ['alice'] }),
    password: presentedPassword.meta({ description: '8 to 256 characters, and not one of the most used passwords' }),
    email: email.optional()
  })
  .meta({ id: 'Registration' })
export type RegisterBody = z.infer<typeof registerBody>

/** `POST /auth/login` */
export const loginBody = z
  .strictObject({
    username: credentialText(256),
    password: presentedPassword,
    device_token: z
      .string()
      .max(512)
      .optional()
      .meta({ description: 'from the last sign-in with this browser or app: its user gets in while others guess' }),
    resource: requestedResource,
    scope: requestedScope
  })
  .meta({ id: 'Login' })
export type LoginBody = z.infer<typeof loginBody>

const refreshToken = z.string().min(1).max(512)

/** `POST /auth/refresh` */
export const refreshBody = z.strictObject({
  refresh_token: refreshToken,
  resource: requestedResource,
  scope: requestedScope
})
export type RefreshBody = z.infer<typeof refreshBody>

/** `POST /auth/logout`: a refresh token can replace an access token that has expired. */
export const logoutBody = z.strictObject({ refresh_token: refreshToken.optional() })
export type LogoutBody = z.infer<typeof logoutBody>

/** `POST /auth/password` */
export const passwordBody = z
  .strictObject({ current_password: presentedPassword, new_password: presentedPassword })
  .meta({ id: 'PasswordChange' })
export type PasswordBody = z.infer<typeof passwordBody>

export const registrationState = z
  .object({ registration: z.enum(['open', 'closed']) })
  .meta({ id: 'RegistrationState' })

/** The tokens of a session (RFC 6749 §5.1). */
export const tokenResponse = accessTokenResponse
  .omit({ issued_token_type: true })
  .extend({ refresh_token: z.string() })
  .meta({ id: 'TokenResponse' })

export const signInResponse = tokenResponse
  .extend({
    device_token: z
      .string()
      .meta({ description: 'opaque; to be kept for 90 days, also past the session, and sent with the next sign-in' })
  })
  .meta({ id: 'SignInResponse' })

export const ownProfile = registeredUser
  .extend({
    email: z.string().nullable(),
    created_at: z.iso.datetime(),
    session_id: z.uuid()
  })
  .meta({ id: 'OwnProfile' })
