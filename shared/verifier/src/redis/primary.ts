import { ErrorReply } from 'redis'

/** The Redis at the other end of a connection is a replica: it refuses writes, and what it holds may be old. */
export class NotPrimaryError extends Error {
  constructor() {
    super('Redis at this address is a replica; the primary is needed')
    this.name = 'NotPrimaryError'
  }
}

/**
 * Checks that a connection leads to the primary. A demotion keeps the connection and the `run_id`, so it must be asked for.
 *
 * @throws {NotPrimaryError}
 */
export async function requirePrimary(client: { info(section: 'replication'): Promise<string> }): Promise<void> {
  if (/^role:(?!master)/m.test(await client.info('replication'))) throw new NotPrimaryError()
}

/** Whether an error says that the connection must be replaced because the server behind it is not, or not yet, a primary. */
export function isFromFormerPrimary(error: unknown): boolean {
  if (error instanceof NotPrimaryError) return true
  return error instanceof ErrorReply && /^(?:READONLY|MASTERDOWN|LOADING|UNBLOCKED)\b/.test(error.message)
}
