import type { Queryable } from './database.ts'

export interface AuditEvent {
  /** noun.past_participle, such as `user.disabled`. */
  readonly type: string
  /** Whom it is about. */
  readonly userId?: string | undefined
  /** The admin who did it; nobody when it was the operator at the command line, or a schedule. */
  readonly actorId?: string | undefined
  readonly detail?: Record<string, unknown> | undefined
}

/** Writes an event in the transaction that it tells of. */
export async function recordAuditEvent(
  transaction: Queryable,
  { type, userId, actorId, detail }: AuditEvent
): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO audit_events (type, user_id, actor_id, detail)
    VALUES (${type}, ${userId ?? null}::uuid, ${actorId ?? null}::uuid,
      ${detail === undefined ? null : JSON.stringify(detail)}::jsonb)`
}
