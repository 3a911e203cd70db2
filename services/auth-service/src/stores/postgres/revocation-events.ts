import type { AuditEventType } from '@countersign/oauth'
import { Prisma } from '@countersign/prisma'
import type { activityOutcomes } from '../../statistics/activity.ts'
import { storedType } from './audit-events.ts'

/** The audit events of revocations, by what was revoked. */
const eventsOf = {
  sessions: ['session.ended', 'refresh_token.replayed'],
  tokens: ['access_token.revoked'],
  keys: ['signing_key.revoked'],
  clients: ['client.tokens_ended']
} as const satisfies Record<(typeof activityOutcomes.revocations)[number], readonly AuditEventType[]>

/** A condition on the `type` of an audit event: it is a revocation. */
export const isRevocation = Prisma.sql`type IN (${Prisma.join(Object.values(eventsOf).flat().map(storedType))})`

/** What such an event revoked. */
export const revokedThing = Prisma.sql`CASE ${Prisma.join(
  Object.entries(eventsOf).map(
    ([thing, types]) => Prisma.sql`WHEN type IN (${Prisma.join(types.map(storedType))}) THEN ${thing}::text`
  ),
  ' '
)} END`
