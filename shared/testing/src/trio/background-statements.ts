/**
 * @returns whether the auth-service sends this statement to Postgres by itself and again and again: sweeps, looks at the keys and
 *   the schema, saved counts, the formats of imported hashes, mail that is sent, sessions that are left to end
 */
export function isBackgroundStatement(text: string): boolean {
  const reads =
    /^\s*SELECT (?:.*\b(?:FROM revocations|JOIN signing_keys|FROM schema_contract|FROM password_reset_requests|FROM mail_sign_in_requests|FROM _prisma_migrations)\b|to_regclass\()/s
  return (
    reads.test(text) ||
    /^\s*SELECT id FROM session_group_endings ORDER BY batches\b/.test(text) ||
    /^\s*(?:WITH (?:removed|sample|due) AS|INSERT INTO activity\b|UPDATE mail_outbox SET claimed_until\b)/.test(text)
  )
}
