import type { FailedAuthenticationLogDeps } from '../../audit/failed-authentications.ts'
import { recordAuditEvent } from './audit-events.ts'
import { type Database, orUnavailable } from './database.ts'

/** Failed client authentications in the audit log. */
export function createPrismaFailedAuthentications(database: Database): FailedAuthenticationLogDeps['store'] {
  return {
    save: ({ clientId, origin, reason, count }) =>
      orUnavailable(
        recordAuditEvent(database, {
          type: 'client_authentication.failed',
          clientId,
          origin,
          detail: { reason, count }
        })
      )
  }
}
