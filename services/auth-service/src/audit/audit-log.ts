/** The audit log as admins read it. The stores write it, each event in the transaction that it tells of. */
import type { AuditEventType } from '@countersign/oauth'

/** A user in an event; without a username when there is none of this id any more. */
export interface AuditedUser {
  readonly id: string
  readonly username: string | null
}

/** What happened. */
export interface AuditedEvent {
  readonly id: string
  readonly at: Date
  readonly type: AuditEventType
  /** The user it is about. */
  readonly user: AuditedUser | null
  /** Who did it, when that is somebody else. */
  readonly actor: AuditedUser | null
  readonly sessionId: string | null
  readonly clientId: string | null
  readonly address: string | null
  readonly userAgent: string | null
  readonly detail: Record<string, unknown> | null
}

/** What an event must be to be listed: all that is given. */
export interface AuditFilter {
  readonly type?: AuditEventType | undefined
  /** Of the user it is about, as usernames are compared. */
  readonly usernameKey?: string | undefined
  readonly userId?: string | undefined
  readonly sessionId?: string | undefined
  readonly clientId?: string | undefined
  /** This moment and later. */
  readonly since?: Date | undefined
  /** Before this moment. */
  readonly until?: Date | undefined
}

/** The place of an event: events are ordered by their moments, and those of one moment by their ids. */
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
  /** Events, the newest first; those that are older than `after`, if it is given. */
  list(query: { filter: AuditFilter; after: AuditPlace | undefined; limit: number }): Promise<AuditPage>
}
