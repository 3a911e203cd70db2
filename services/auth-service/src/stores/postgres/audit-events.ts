import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import type { ClientInfo } from '../../client-info.ts'
import type { Queryable } from './database.ts'

export interface AuditEvent {
  readonly type: AuditEventType
  /** The user it is about. */
  readonly userId?: string | undefined
  /** The admin who did it; nobody when it was the operator at the command line, or a schedule. */
  readonly actorId?: string | undefined
  /** The client that it is about. */
  readonly clientId?: string | undefined
  readonly sessionId?: string | undefined
  readonly origin?: ClientInfo | undefined
  readonly detail?: Record<string, unknown> | undefined
}

/** Writes an event in the transaction that it tells of. */
export async function recordAuditEvent(
  transaction: Queryable,
  { type, userId, actorId, clientId, sessionId, origin, detail }: AuditEvent
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO audit_events (type, user_id, actor_id, client_id, session_id, address, user_agent, detail)
    VALUES (${type}, ${userId ?? null}::uuid, ${actorId ?? null}::uuid, ${clientId ?? null}, ${sessionId ?? null}::uuid,
      ${origin?.address ?? null}, ${origin?.userAgent ?? null},
      ${detail === undefined ? null : JSON.stringify(detail)}::jsonb)`
}

/** The type of an event that another statement writes along. */
export function auditEventType(type: AuditEventType): Prisma.Sql {
  return Prisma.sql`${type}::text`
}
