import { z } from 'zod'
import { emailRule, parseEmail } from '../accounts/email-addresses.ts'
import { parseUsername, usernameRule } from '../accounts/usernames.ts'
import { keyStates } from '../keys/signing-key-store.ts'

/** What the routes take: each schema validates, and is shown in OpenAPI. */

/** Texts of sign-in are only bounded: whether they fit an account is not told apart from whether they match it. */
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

/** As for usernames: spaces around it are no part of it. */
const email = z
  .string()
  .max(512)
  .refine((text) => parseEmail(text) !== undefined, { error: `must be ${emailRule}` })
  .transform((text) => parseEmail(text) ?? text)
  .meta({ format: 'email' })

/** `POST /auth/register` */
export const registerBody = z.strictObject({
  username: z
    .string()
    .max(256)
    .refine((text) => parseUsername(text) !== undefined, { error: `must be ${usernameRule}` })
    .meta({ examples: ['alice'] }),
  password: presentedPassword.meta({ description: '8 to 256 characters, and not one of the most used passwords' }),
  email: email.optional()
})
export type RegisterBody = z.infer<typeof registerBody>

/** `POST /auth/login` */
export const loginBody = z.strictObject({
  username: credentialText(256),
  password: presentedPassword,
  device_token: z
    .string()
    .max(512)
    .optional()
    .meta({ description: 'from the last sign-in with this browser or app: its user gets in while others guess' })
})
export type LoginBody = z.infer<typeof loginBody>

const refreshToken = z.string().min(1).max(512)

/** `POST /auth/refresh` */
export const refreshBody = z.strictObject({ refresh_token: refreshToken })
export type RefreshBody = z.infer<typeof refreshBody>

/** `POST /auth/logout`: the refresh token stands in for an access token that has expired. */
export const logoutBody = z.strictObject({ refresh_token: refreshToken.optional() })
export type LogoutBody = z.infer<typeof logoutBody>

/** `POST /auth/password` */
export const passwordBody = z.strictObject({ current_password: presentedPassword, new_password: presentedPassword })
export type PasswordBody = z.infer<typeof passwordBody>

/** Where a page begins, in every list. */
export const pageCursor = z
  .string()
  .min(1)
  .max(512)
  .optional()
  .meta({ description: '`next_cursor` of the page before' })

const limitRule = { error: 'must be a whole number from 1 to 100' }

/** How many a page holds at most. */
export const pageLimit = (fallback: number) =>
  z.coerce.number(limitRule).int(limitRule).min(1, limitRule).max(100, limitRule).default(fallback)

/** `GET /admin/users` */
export const userListQuery = z.strictObject({
  search: z
    .string()
    .max(64)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), { error: 'must be valid Unicode' })
    .default('')
    .meta({ description: 'beginnings of parts of the username or the e-mail address' }),
  cursor: pageCursor,
  limit: pageLimit(20)
})
export type UserListQuery = z.infer<typeof userListQuery>

/** `GET /auth/sessions` and `/admin/users/:id/sessions` */
export const sessionListQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit(100) })
export type SessionListQuery = z.infer<typeof sessionListQuery>

/** `PATCH /admin/users/:id` */
export const userChangeBody = z
  .strictObject({
    disabled: z.boolean().optional(),
    roles: z
      .array(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, { error: 'must be 1 to 32 of a-z, 0-9, _ and -' }))
      .max(16)
      .optional()
  })
  .refine((change) => change.disabled !== undefined || change.roles !== undefined, {
    error: 'must hold disabled, roles or both'
  })
export type UserChangeBody = z.infer<typeof userChangeBody>

/** `POST /admin/keys/rotate` and `/admin/keys/:kid/pull` */
export const keyChangeBody = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(200)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), { error: 'must be valid Unicode' })
    .optional()
    .meta({ description: 'why, for the audit log' })
})
export type KeyChangeBody = z.infer<typeof keyChangeBody>

/** What the routes answer; shown in OpenAPI. */

export const tokenResponse = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.enum(['Bearer', 'DPoP']),
  expires_in: z.int().meta({ description: 'lifetime of the access token in seconds' }),
  scope: z.string()
})

export const signInResponse = tokenResponse.extend({
  device_token: z
    .string()
    .meta({ description: 'opaque; to be kept for 90 days, also past the session, and sent with the next sign-in' })
})

export const registrationState = z.object({ registration: z.enum(['open', 'closed']) })

export const registeredUser = z.object({ id: z.uuid(), username: z.string(), roles: z.array(z.string()) })

export const ownProfile = registeredUser.extend({
  email: z.string().nullable(),
  created_at: z.iso.datetime(),
  session_id: z.uuid()
})

const session = z.object({
  id: z.uuid(),
  client_id: z.string(),
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  address: z.string(),
  user_agent: z.string()
})

/** Where the next page begins, in every list. */
export const nextCursor = z.string().nullable().meta({ description: '`cursor` of the next page; null on the last one' })

export const sessionList = z.object({ sessions: z.array(session), next_cursor: nextCursor })

export const ownSessionList = z.object({
  sessions: z.array(session.extend({ current: z.boolean() })),
  next_cursor: nextCursor
})

export const administeredUser = registeredUser.extend({
  email: z.string().nullable(),
  created_at: z.iso.datetime(),
  disabled_at: z.iso.datetime().nullable()
})

export const userList = z.object({ users: z.array(administeredUser), next_cursor: nextCursor })

const moment = z.iso.datetime().nullable()

export const keyList = z.object({
  keys: z.array(
    z.object({
      kid: z.string(),
      state: z.enum(keyStates),
      algorithm: z.literal('RS256'),
      bits: z.int(),
      created_at: z.iso.datetime(),
      signs_from: moment,
      retired_at: moment,
      pulled_at: moment
    })
  ),
  rotation_possible_at: moment.meta({ description: 'when the spare may sign' }),
  next_rotation_at: moment.meta({ description: 'when it will, by the schedule' })
})

export const errorResponse = z.object({
  error: z.string(),
  error_description: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional()
})

export const jwksDocument = z.object({
  keys: z.array(
    z.object({
      kty: z.literal('RSA'),
      use: z.literal('sig'),
      alg: z.literal('RS256'),
      kid: z.string(),
      n: z.string(),
      e: z.string()
    })
  )
})

const texts = z.array(z.string())

export const issuerMetadata = z.object({
  issuer: z.url(),
  token_endpoint: z.url(),
  revocation_endpoint: z.url(),
  introspection_endpoint: z.url(),
  jwks_uri: z.url(),
  grant_types_supported: texts,
  response_types_supported: texts,
  token_endpoint_auth_methods_supported: texts,
  token_endpoint_auth_signing_alg_values_supported: texts,
  revocation_endpoint_auth_methods_supported: texts,
  revocation_endpoint_auth_signing_alg_values_supported: texts,
  introspection_endpoint_auth_methods_supported: texts,
  introspection_endpoint_auth_signing_alg_values_supported: texts,
  dpop_signing_alg_values_supported: texts,
  subject_types_supported: texts,
  id_token_signing_alg_values_supported: texts
})

export const accessTokenResponse = z.object({
  access_token: z.string(),
  token_type: z.enum(['Bearer', 'DPoP']),
  expires_in: z.int().meta({ description: 'lifetime of the access token in seconds' }),
  scope: z.string().optional(),
  refresh_token: z.string().optional(),
  issued_token_type: z.string().optional()
})

export const introspection = z.looseObject({ active: z.boolean() })

const count = z.int()

export const statistics = z.object({
  at: z.iso.datetime(),
  users: z.object({ total: count, disabled: count }),
  sessions: z.object({ live: count }),
  last_day: z.object({ sign_ins: count, failed_sign_ins: count, revocations: count }),
  keys: z.array(
    z.object({ kid: z.string(), state: z.enum(keyStates), created_at: z.iso.datetime(), signs_from: moment })
  )
})
