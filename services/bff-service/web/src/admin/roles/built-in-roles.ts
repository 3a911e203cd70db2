/** The role that every account has, which is not in the account's own list. */
export const everyonesRole = 'user'

/** What the roles are that are there from the start, by their names. */
export const builtInRoles: Record<string, string> = {
  admin:
    'A user who has this role can open these pages and change everything in them, whatever scopes the role holds. It is there from the start, and cannot be deleted. The last enabled user who has it keeps it.',
  [everyonesRole]:
    'Every account has this role without being given it, and it cannot be taken from one. It is there from the start, and cannot be deleted.'
}
