import type { ClientAdministration } from '../clients/client-administration.ts'
import type { SigningKeyAdministration } from '../keys/signing-key-administration.ts'
import type { Announcing } from '../revocation/announcing.ts'
import type { RevocationOutbox } from '../revocation/revocation-outbox.ts'
import type { RevocationPublisher } from '../revocation/revocation-publisher.ts'
import { endAllSessions, type SessionEndings } from '../sessions/session-endings.ts'

export interface RestoreParts {
  readonly keys: Announcing<SigningKeyAdministration>
  /** All sessions. */
  readonly sessions: Announcing<SessionEndings>
  readonly clients: Announcing<ClientAdministration>
  readonly outbox: Pick<RevocationOutbox, 'readPosition' | 'skipTo'>
  /** `undefined` without Redis. */
  readonly publisher: Pick<RevocationPublisher, 'readPosition'> | undefined
}

/** What ended. */
export interface RestoreReport {
  readonly keys: readonly string[]
  readonly sessions: number
  readonly clients: number
  /** Clients that need a new secret. */
  readonly clientsWithoutSecret: readonly string[]
  /** Whether the transport of revocations has confirmed all of it. */
  readonly published: boolean
}

const reason = 'the database was restored'
const pageSize = 100

/**
 * Ends all that a database of before lets live again: tokens by their signing keys, sessions, the clients' own tokens, and secrets. It
 * can be run again after a failure; what has ended stays so.
 */
export async function endWhatWasRestored(
  parts: RestoreParts,
  onProgress: (line: string) => void
): Promise<RestoreReport> {
  const keys = await revokeKeys(parts.keys)
  onProgress(`${keys.kids.length} signing keys are revoked.`)
  const sessions = await endAllSessions(parts.sessions, {
    onProgress: (count) => onProgress(`${count} sessions have ended so far.`)
  })
  const clients = await endClients(parts.clients)
  await acceptPosition(parts)
  return {
    keys: keys.kids,
    sessions: sessions.ended,
    clients: clients.count,
    clientsWithoutSecret: clients.withoutSecret,
    published: keys.published && sessions.published && clients.published
  }
}

/** Goes on with the database as it is: a service is ready on it again. */
export async function acceptPosition({ outbox, publisher }: Pick<RestoreParts, 'outbox' | 'publisher'>): Promise<void> {
  if (publisher) await outbox.skipTo(await publisher.readPosition())
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
  let count = 0
  let published = true
  for (let after: string | undefined; ; ) {
    const { clients, next } = await administration.list({ after, limit: pageSize })
    for (const { id, secretIds } of clients) {
      const result = await administration.dropAllSecrets(id, undefined)
      if (result.outcome !== 'changed') continue // removed meanwhile
      count += 1
      published &&= result.published
      if (secretIds.length > 0) withoutSecret.push(id)
    }
    if (next === undefined) return { count, withoutSecret, published }
    after = next
  }
}
