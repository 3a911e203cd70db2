/** The audit log as admins read it. The stores write each event in the transaction that it describes. */
import type { AuditEventType } from '@countersign/oauth'

/** A user in an event; without a username when the user no longer exists. */
export interface AuditedUser {
  readonly id: string
  readonly username: string | null
}

/** What happened. */
export interface AuditedEvent {
  readonly id: string
  readonly at: Date
  readonly type: AuditEventType
  /** The user that the event is about. */
  readonly user: AuditedUser | null
  /** The user who did it, if that is another one. */
  readonly actor: AuditedUser | null
  readonly sessionId: string | null
  readonly clientId: string | null
  readonly address: string | null
  readonly userAgent: string | null
  readonly detail: Record<string, unknown> | null
}

/** The filters of a list; an event must match all that are given. */
export interface AuditFilter {
  readonly type?: AuditEventType | undefined
  /** The user that the event is about, by the folded username. */
  readonly usernameKey?: string | undefined
  readonly userId?: string | undefined
  readonly sessionId?: string | undefined
  readonly clientId?: string | undefined
  /** From this moment on. */
  readonly since?: Date | undefined
  /** Before this moment. */
  readonly until?: Date | undefined
}

/** The position of an event: events are ordered by their moments, then by their ids. */
export interface AuditPlace {
  readonly at: Date
  readonly id: string
}

export interface AuditPage {
  readonly events: readonly AuditedEvent[]
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: AuditPlace | undefined
}

export interface AuditLog {
  /** Events, newest first; with `after`, only those that are older. */
  list(query: { filter: AuditFilter; after: AuditPlace | undefined; limit: number }): Promise<AuditPage>
}
