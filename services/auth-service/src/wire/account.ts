import { z } from 'zod'
import { emailRule, isMailable, mailableRule, parseEmail } from '../accounts/email-addresses.ts'
import { parseUsername, usernameRule } from '../accounts/usernames.ts'
import { languages } from '../mail/mail.ts'
import { displayName } from './display-name.ts'
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

export const presentedPassword = z
  .string()
  .min(1)
  .max(1024)
  .refine((text) => text.isWellFormed(), { error: 'must be valid Unicode' })

/** Any address that there can be. Surrounding spaces are removed, as for usernames. */
export const anyEmail = z
  .string()
  .max(512)
  .refine((text) => parseEmail(text) !== undefined, { error: `must be ${emailRule}`, abort: true })
  .transform((text) => parseEmail(text) ?? text)
  .meta({ format: 'email' })

/** An address that mail can be sent to. */
export const mailableEmail = anyEmail.refine(isMailable, { error: `must be ${mailableRule}` }).meta({ format: 'email' })

/** The username of a user to be. */
export const newUsername = z
  .string()
  .max(256)
  .refine((text) => parseUsername(text) !== undefined, { error: `must be ${usernameRule}` })
  .meta({ examples: ['alice'] })

/** `POST /auth/register` */
export const registerBody = z
  .strictObject({
    username: newUsername,
    password: presentedPassword.meta({ description: '8 to 256 characters, and not one of the most used passwords' }),
    email: mailableEmail.optional()
  })
  .meta({ id: 'Registration' })
export type RegisterBody = z.infer<typeof registerBody>

export const deviceToken = z
  .string()
  .max(512)
  .optional()
  .meta({ description: 'from the last sign-in with this browser or app: its user gets in while others guess' })

const signInMembers = { password: presentedPassword, device_token: deviceToken }

/** The token of a device on which the second factor is not asked for. */
export const trustedDeviceToken = z
  .string()
  .max(128)
  .meta({ description: 'from a sign-in with `trust_device`: the second factor is not asked for then' })

/** `POST /auth/login` */
export const loginBody = z
  .strictObject({
    username: credentialText(256),
    ...signInMembers,
    trusted_device: trustedDeviceToken.optional(),
    resource: requestedResource,
    scope: requestedScope
  })
  .meta({ id: 'Login' })
export type LoginBody = z.infer<typeof loginBody>

/** `POST /auth/step-up` */
export const stepUpBody = z.strictObject(signInMembers).meta({ id: 'StepUp' })

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

/** `PATCH /auth/me` */
export const profileChange = z
  .strictObject({
    language: z
      .enum(languages)
      .nullable()
      .optional()
      .meta({ description: 'of mail and pages; null means that of each request' }),
    display_name: displayName.nullable().optional().meta({ description: 'null means the username' })
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'must hold language, display_name or both' })
  .meta({ id: 'ProfileChange' })

/** `POST /auth/password` */
export const passwordBody = z
  .strictObject({ current_password: presentedPassword, new_password: presentedPassword })
  .meta({ id: 'PasswordChange' })
export type PasswordBody = z.infer<typeof passwordBody>

/** `POST /auth/me/username` */
export const usernameBody = z.strictObject({ username: newUsername }).meta({ id: 'UsernameChange' })

export const changedUsername = z.object({ username: z.string() }).meta({ id: 'ChangedUsername' })

export const accountDeletion = z
  .object({
    deletion_at: z.iso.datetime().meta({ description: 'when the account is deleted; a sign-in before that keeps it' })
  })
  .meta({ id: 'AccountDeletion' })

/** A flow that waits for a mailed code, as its client keeps it. */
export const flow = z.string().regex(/^[\w-]{43}$/, { error: 'is not one of this service' })

/** The secret of a link. */
export const linkSecret = z
  .string()
  .regex(/^[\w-]{43}$/, { error: 'is not one of this service' })
  .meta({ description: 'what follows # in the link' })

/** What a mail has brought: the secret of its link, or its code, which is valid with the flow alone. */
const mailedProof = {
  secret: linkSecret.optional(),
  flow: flow.optional(),
  code: z
    .string()
    .regex(/^\d{8}$/, { error: 'must be 8 digits' })
    .optional()
}

export type MailedProof = { [Name in keyof typeof mailedProof]?: string | undefined }

function hasOneProof({ secret, flow, code }: MailedProof): boolean {
  return secret === undefined ? flow !== undefined && code !== undefined : flow === undefined && code === undefined
}
const oneProof = { error: 'must hold either secret, or flow and code' }

/** Whose verified address a mail goes to. */
const mailRecipient = z
  .strictObject({ email: mailableEmail.optional(), username: credentialText(256).optional() })
  .refine(({ email, username }) => (email === undefined) !== (username === undefined), {
    error: 'must hold either email or username'
  })
export type MailRecipient = z.output<typeof mailRecipient>

/** `POST /auth/password-reset` */
export const passwordResetBody = mailRecipient.meta({ id: 'PasswordResetRequest' })

/** `POST /auth/login/mail` */
export const mailSignInBody = mailRecipient.meta({ id: 'MailSignInRequest' })

/** `POST /auth/login/mail/confirm`. The link is valid in the flow that asked for it, too. */
export const mailSignInConfirmation = z
  .strictObject({
    flow,
    secret: mailedProof.secret,
    code: mailedProof.code,
    device_token: deviceToken,
    trusted_device: trustedDeviceToken.optional(),
    resource: requestedResource,
    scope: requestedScope
  })
  .refine(({ secret, code }) => (secret === undefined) !== (code === undefined), {
    error: 'must hold either secret or code'
  })
  .meta({ id: 'MailSignIn' })

/** `POST /auth/password-reset/confirm` */
export const passwordResetConfirmation = z
  .strictObject({ ...mailedProof, new_password: presentedPassword })
  .refine(hasOneProof, oneProof)
  .meta({ id: 'PasswordReset' })

/** `POST /auth/email/verification/confirm` */
export const emailConfirmation = z
  .strictObject(mailedProof)
  .refine(hasOneProof, oneProof)
  .meta({ id: 'EmailConfirmation' })

/** `POST /auth/me/email` */
export const emailChangeBody = z.strictObject({ email: mailableEmail }).meta({ id: 'EmailChange' })

/** `POST /auth/email/undo` */
export const emailUndoBody = z
  .strictObject({ secret: linkSecret, new_password: presentedPassword })
  .meta({ id: 'EmailUndo' })

/** A mail is on its way, if there is somebody to get it. */
export const mailRequested = z
  .object({
    flow: flow.meta({ description: 'to be sent with the code of the mail, which is valid with it alone' }),
    expires_in: z.int().meta({ description: 'seconds until link and code are no longer valid' })
  })
  .meta({ id: 'MailRequested' })

export const registrationState = z
  .object({
    registration: z.enum(['open', 'closed']),
    mail: z
      .boolean()
      .meta({ description: 'whether a forgotten password can be reset, and an address verified, by mail' }),
    mail_sign_in: z
      .boolean()
      .meta({ description: 'whether users can sign in with a link or a code that is mailed to them' }),
    passkeys: z.boolean().meta({ description: 'whether users can sign in with passkeys' })
  })
  .meta({ id: 'RegistrationState' })

/** The tokens of a session (RFC 6749 §5.1). */
export const tokenResponse = accessTokenResponse
  .omit({ issued_token_type: true })
  .extend({ refresh_token: z.string() })
  .meta({ id: 'TokenResponse' })

export const signInResponse = tokenResponse
  .extend({
    trusted_device: z
      .string()
      .optional()
      .meta({ description: 'only when `trust_device` was asked for; opaque; valid for 30 days' }),
    device_token: z
      .string()
      .meta({ description: 'opaque; to be kept for 90 days, also past the session, and sent with the next sign-in' })
  })
  .meta({ id: 'SignInResponse' })

export const ownProfile = registeredUser
  .extend({
    display_name: z.string().nullable(),
    email: z.string().nullable(),
    email_verified: z.boolean(),
    language: z.string().nullable().meta({ description: 'of mail and pages; null means that of each request' }),
    created_at: z.iso.datetime(),
    session_id: z.uuid()
  })
  .meta({ id: 'OwnProfile' })
