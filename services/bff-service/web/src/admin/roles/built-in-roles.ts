import type { TextKey } from '../../texts/say.ts'

/** The role that every account has, which is not in the account's own list. */
export const everyonesRole = 'user'

/** What the roles are that are there from the start, by their names. */
export const builtInRoles: Record<string, TextKey> = {
  admin: 'admin.roles.admin',
  [everyonesRole]: 'admin.roles.everyone'
}
