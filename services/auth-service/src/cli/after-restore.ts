import type { RestoredSecrets } from '../accounts/one-time-secrets.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ClientAdministration } from '../clients/client-administration.ts'
import { hasSecrets } from '../clients/client-secrets.ts'
import type { SigningKeyAdministration } from '../keys/signing-key-administration.ts'
import type { Announcing } from '../revocation/announcing.ts'
import type { RevocationOutbox } from '../revocation/revocation-outbox.ts'
import type { RevocationPublisher } from '../revocation/revocation-publisher.ts'
import { endAllSessions, type SessionEndings } from '../sessions/session-endings.ts'
import { UnreachableError } from './failures.ts'
import { firstResponse } from './first-response.ts'

export interface RestoreParts {
  readonly keys: Announcing<SigningKeyAdministration>
  /** All sessions. */
  readonly sessions: Announcing<SessionEndings>
  readonly clients: Announcing<ClientAdministration>
  readonly secrets: RestoredSecrets
  readonly auditLog: AuditLog
  readonly outbox: Pick<RevocationOutbox, 'skipTo'>
  /** `undefined` without Redis. */
  readonly publisher: Pick<RevocationPublisher, 'readDatabaseMemory' | 'holdDatabase' | 'acceptDatabase'> | undefined
}

/** What ended. */
export interface RestoreReport {
  /** When the last event of the restored database happened: later changes are lost. `undefined` without any event. */
  readonly dataUntil: Date | undefined
  readonly keys: readonly string[]
  readonly sessions: number
  /** Links and codes that were mailed. */
  readonly mailedSecrets: number
  /** Users whose deletion is pending: their period of grace begins again. */
  readonly deletionsPostponed: number
  readonly clients: number
  /** Clients that need a new secret. */
  readonly clientsWithoutSecret: readonly string[]
  /** Clients that authenticate with keys, and are disabled until somebody has looked at those. */
  readonly clientsDisabled: readonly string[]
  /** Whether the transport of revocations has confirmed all of it. */
  readonly published: boolean
}

const reason = 'the database was restored'
const pageSize = 100

/**
 * Ends all that a restored older database revives: tokens by their signing keys, sessions, mailed links and codes, the clients' own
 * tokens, secrets, and the use of registered keys. It can be run again after a failure; what has ended stays so. The services accept no requests from its first
 * step to its last, as far as they have Redis.
 * @throws {UnreachableError} when Redis does not confirm the first step, before anything was changed, or the last
 */
export async function endWhatWasRestored(
  parts: RestoreParts,
  onProgress: (line: string) => void
): Promise<RestoreReport> {
  const { publisher } = parts
  const dataUntil = (await parts.auditLog.list({ filter: {}, after: undefined, limit: 1 })).events[0]?.at
  if (publisher) await confirmed(() => close(publisher), 'Nothing was changed.')
  const keys = await revokeKeys(parts.keys)
  onProgress(`${keys.kids.length} signing keys are revoked.`)
  const sessions = await endAllSessions(parts.sessions, {
    onProgress: (count) => onProgress(`${count} sessions have ended so far.`)
  })
  const mailedSecrets = await parts.secrets.voidAll()
  const deletionsPostponed = await parts.secrets.postponeDeletions()
  const clients = await endClients(parts.clients)
  await acceptDatabase(parts, 'All has ended, and the services stay closed.')
  return {
    dataUntil,
    keys: keys.kids,
    sessions: sessions.ended,
    mailedSecrets,
    deletionsPostponed,
    clients: clients.count,
    clientsWithoutSecret: clients.withoutSecret,
    clientsDisabled: clients.disabled,
    published: keys.published && sessions.published && clients.published
  }
}

/**
 * Continues with the database as it is: the services accept requests again. Without Redis there is nothing to accept.
 * @param state what is so when Redis does not confirm it
 * @throws {UnreachableError}
 */
export async function acceptDatabase(
  { outbox, publisher }: Pick<RestoreParts, 'outbox' | 'publisher'>,
  state: string
): Promise<void> {
  if (!publisher) return
  const { lastPublished } = await confirmed(() => publisher.readDatabaseMemory(), state)
  const highest = lastPublished.at(-1)
  if (highest) await outbox.skipTo(highest.id)
  await confirmed(() => publisher.acceptDatabase(), state)
}

async function close(publisher: NonNullable<RestoreParts['publisher']>): Promise<void> {
  const { decision } = await publisher.readDatabaseMemory()
  if (!(await publisher.holdDatabase(decision))) throw new Error('another decision came in between')
}

async function confirmed<T>(work: () => Promise<T>, state: string): Promise<T> {
  try {
    return await firstResponse(work)
  } catch (error) {
    throw new UnreachableError(`Redis does not respond, or rejects writes. ${state} Run this again.`, { cause: error })
  }
}

/** Every key of the dump, the next one as well: it may have signed since. The signing key is the last, and a new one takes its place. */
async function revokeKeys(administration: RestoreParts['keys']) {
  const { keys } = await administration.overview()
  const kids = keys.flatMap(({ kid, state }) => (state === 'revoked' || state === 'signing' ? [] : [kid]))
  const signing = keys.flatMap(({ kid, state }) => (state === 'signing' ? [kid] : []))
  let published = true
  for (const kid of [...kids, ...signing]) {
    const result = await administration.revoke(kid, { reason })
    if (result.outcome === 'revoked') published &&= result.published
  }
  return { kids: [...kids, ...signing], published }
}

async function endClients(administration: RestoreParts['clients']) {
  const withoutSecret: string[] = []
  const disabled: string[] = []
  let count = 0
  let published = true
  for (let after: string | undefined; ; ) {
    const { clients, next } = await administration.list({ after, limit: pageSize })
    for (const { id, authMethod } of clients) {
      const result = await administration.voidCredentials(id, undefined)
      if (result.outcome !== 'changed') continue // removed meanwhile
      count += 1
      published &&= result.published
      // By the present state: an earlier run may have done it.
      if (hasSecrets(authMethod)) withoutSecret.push(id)
      if (authMethod === 'private_key_jwt') disabled.push(id)
    }
    if (next === undefined) return { count, withoutSecret, disabled, published }
    after = next
  }
}
