import { StartError } from '@countersign/service-kit'
import { type Database, orUnavailable } from './database.ts'

/**
 * Versions before 0.2 dropped a slash at the end of `ISSUER` and `API_AUDIENCE`. Sessions of that time have both without it,
 * and verifiers configured with the slash would reject their tokens (docs/decisions/0023-identifiers-as-given.md).
 *
 * @param identifiers the identifiers by the names of their variables
 * @throws {StartError} when there are such sessions
 */
export async function requireNoDroppedSlashes(
  database: Database,
  identifiers: Readonly<Record<string, string>>
): Promise<void> {
  for (const [variable, given] of Object.entries(identifiers)) {
    if (!given.endsWith('/')) continue
    const before = given.slice(0, -1)
    const found = await orUnavailable(database.$queryRaw<unknown[]>`
      SELECT 1 FROM refresh_token_families
      WHERE revoked_at IS NULL AND idle_expires_at > now() AND ${before} = ANY (audience) LIMIT 1`)
    if (found.length === 0) continue
    throw new StartError(
      `${variable} ends with a slash, which earlier versions dropped: there are sessions whose tokens name ${before}. ` +
        `Set ${variable}=${before} in every service, as the tokens have had it.`
    )
  }
}
