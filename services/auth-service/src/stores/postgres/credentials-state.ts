import { Prisma } from '@countersign/prisma'
import type { Queryable } from './database.ts'

/**
 * Of a row of `users`, `text`: another one after each change of a credential. By the moment as well, since version 0.1 changes
 * passwords without a new version of the credentials.
 */
export const credentialsState = Prisma.raw(`concat(credentials_version, ' ', extract(epoch FROM password_set_at))`)

/**
 * Makes flows, mailed secrets and trusted devices of before void.
 * @returns the new state; `undefined` when there is no such user
 */
export async function raiseCredentialsVersion(transaction: Queryable, userId: string): Promise<string | undefined> {
  const [row] = await transaction.$queryRaw<{ state: string }[]>`
    UPDATE users SET credentials_version = credentials_version + 1 WHERE id = ${userId}::uuid RETURNING ${credentialsState} AS state`
  return row?.state
}
