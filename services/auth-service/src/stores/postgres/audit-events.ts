import { type AuditEventType, auditEventTypes } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import type { ClientInfo } from '../../client-info.ts'
import type { Queryable } from './database.ts'

export interface AuditEvent {
  readonly type: AuditEventType
  /** The user that the event is about. */
  readonly userId?: string | undefined
  /** The admin who did it; absent for the operator at the command line and for a schedule. */
  readonly actorId?: string | undefined
  /** The client that the event is about. */
  readonly clientId?: string | undefined
  readonly sessionId?: string | undefined
  readonly origin?: ClientInfo | undefined
  readonly detail?: Record<string, unknown> | undefined
}

/** Writes an event in the transaction that it describes. */
export async function recordAuditEvent(
  transaction: Queryable,
  { type, userId, actorId, clientId, sessionId, origin, detail }: AuditEvent
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO audit_events (type, user_id, actor_id, client_id, session_id, address, user_agent, detail)
    VALUES (${storedType(type)}, ${userId ?? null}::uuid, ${actorId ?? null}::uuid, ${clientId ?? null}, ${sessionId ?? null}::uuid,
      ${origin?.address ?? null}, ${origin?.userAgent ?? null},
      ${detail === undefined ? null : JSON.stringify(detail)}::jsonb)`
}

/** The type of an event that is written by another statement. */
export function auditEventType(type: AuditEventType): Prisma.Sql {
  return Prisma.sql`${storedType(type)}::text`
}

/**
 * Events keep the names under which they were stored: replicas of the previous version read and write the same rows.
 */
const storedNames: Partial<Record<AuditEventType, string>> = { 'signing_key.revoked': 'signing_key.pulled' }

/** The stored name of a type. */
export function storedType(type: AuditEventType): string {
  return storedNames[type] ?? type
}

/** The type of a stored name. */
export function typeOfStored(name: string): AuditEventType {
  const renamed = auditEventTypes.find((type) => storedNames[type] === name)
  return renamed ?? (name as AuditEventType)
}
