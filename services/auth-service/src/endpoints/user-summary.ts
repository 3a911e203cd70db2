import type { AdministeredUser, UserPage } from '../accounts/user-administration.ts'
import { searchWords } from '../accounts/user-search.ts'
import type { UserListQuery } from './bodies.ts'
import { unknownCursor } from './page-cursors.ts'

/** The place in the list of users that a query asks for. @throws {InvalidRequestError} for a cursor of no former page */
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
    id: user.id,
    username: user.username,
    email: user.email,
    roles: user.roles,
    created_at: user.createdAt.toISOString(),
    disabled_at: user.disabledAt?.toISOString() ?? null
  }
}

function encodeCursor(usernameKey: string): string {
  return Buffer.from(usernameKey).toString('base64url')
}

function decodeCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (encodeCursor(text) !== cursor || text.includes('\0')) throw unknownCursor()
  return text
}
