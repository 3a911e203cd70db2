/**
 * SQL: the one user with this name or this verified address, of the table `users`. Somebody's name may look like the address of somebody
 * else: who has verified it goes first, since a name needs no proof.
 * @param usernameKey,emailKey the parameters of the statement, such as `$1`
 */
export function hasName(usernameKey: string, emailKey: string): string {
  return `(username_key = ${usernameKey} OR (email_key = ${emailKey} AND email_verified_at IS NOT NULL))
    ORDER BY (email_key = ${emailKey} AND email_verified_at IS NOT NULL) DESC NULLS LAST LIMIT 1`
}
