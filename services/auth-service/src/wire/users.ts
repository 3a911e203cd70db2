import { z } from 'zod'
import type { AdministeredUser, UserPage } from '../accounts/user-administration.ts'
import { searchWords } from '../accounts/user-search.ts'
import type { UserProfile } from '../accounts/user-store.ts'
import { isUuid } from '../identifiers.ts'
import { displayName } from './display-name.ts'
import { nextCursor, pageCursor, pageLimit, unknownCursor } from './pages.ts'
import { roleName } from './roles.ts'

/** The users on the wire, as admins see them. */

/** Of `/admin/users/:id` */
export const userParams = z.object({
  id: z.string().refine(isUuid, { error: 'There is no user with this id.' }).meta({ format: 'uuid' })
})

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

/** `PATCH /admin/users/:id` */
export const userChangeBody = z
  .strictObject({
    disabled: z.boolean().optional(),
    roles: z.array(roleName).max(16).optional(),
    display_name: displayName.nullable().optional().meta({ description: 'null removes it' })
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), {
    error: 'must hold disabled, roles or display_name'
  })
  .meta({ id: 'UserChange' })
export type UserChangeBody = z.infer<typeof userChangeBody>

const flag = z.enum(['true', 'false']).default('false')

/** `POST /admin/users/import` */
export const userImportQuery = z.strictObject({
  dry_run: flag.meta({ description: 'whether to check the lines alone, and change nothing' }),
  allow_fast_hashes: flag.meta({ description: 'whether to accept salted SHA, too, which a graphics card guesses fast' })
})

/** A user, in the response to a registration. */
export const registeredUser = z
  .object({ id: z.uuid(), username: z.string(), roles: z.array(z.string()) })
  .meta({ id: 'RegisteredUser' })

export const administeredUser = registeredUser
  .extend({
    display_name: z.string().nullable(),
    email: z.string().nullable(),
    created_at: z.iso.datetime(),
    disabled_at: z.iso.datetime().nullable(),
    deletion_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'when the user is deleted, who has asked for it; a sign-in before that keeps the account' })
  })
  .meta({ id: 'User' })

export const userList = z.object({ users: z.array(administeredUser), next_cursor: nextCursor }).meta({ id: 'UserPage' })

/**
 * The position in the list of users that a query names. @throws {InvalidRequestError} for a cursor that this service did not
 * make
 */
export function placeInUsers({ search, cursor, limit }: UserListQuery) {
  const after = cursor === undefined ? undefined : decodeCursor(cursor)
  return { words: searchWords(search), after, limit }
}

/** A page of users on the wire. */
export function userPage({ users, next }: UserPage) {
  return { users: users.map(userSummary), next_cursor: next === undefined ? null : encodeCursor(next) }
}

/** A user on the wire, as an admin sees it. */
export function userSummary(user: AdministeredUser) {
  return {
    ...profileSummary(user),
    disabled_at: user.disabledAt?.toISOString() ?? null,
    deletion_at: user.deletionAt?.toISOString() ?? null
  }
}

/** A user's own profile on the wire. */
export function ownProfileSummary(user: UserProfile) {
  return { ...profileSummary(user), email_verified: user.emailVerifiedAt !== null, language: user.language }
}

/** The members of a user that users and admins both see. */
export function profileSummary({
  id,
  username,
  displayName,
  email,
  roles,
  createdAt
}: Omit<UserProfile, 'emailVerifiedAt' | 'language'>) {
  return { id, username, display_name: displayName, email, roles, created_at: createdAt.toISOString() }
}

function encodeCursor(usernameKey: string): string {
  return Buffer.from(usernameKey).toString('base64url')
}

function decodeCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (encodeCursor(text) !== cursor || text.includes('\0')) throw unknownCursor()
  return text
}
