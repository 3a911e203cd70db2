import { type Announcer, announcing } from '../revocation/announcing.ts'
import type { OutboxEntry } from '../revocation/revocation-outbox.ts'
import type { RevocationPublisher } from '../revocation/revocation-publisher.ts'
import { endAllSessions, type GroupEndings } from '../sessions/session-endings.ts'
import { firstResponse } from './first-response.ts'

/** For the help of each command whose change is announced. */
export const publicationHelp =
  'A running auth-service publishes the change within about three seconds. With REDIS_URL this command does it at once.'

/**
 * Publishes committed denylist entries at once if possible. The running auth-service publishes the others from its outbox, and
 * the operator is shown that.
 *
 * The entries stay unmarked, so the service publishes them again. That is harmless and needed: after a Redis failover this
 * process may have written to the old primary, and ends before it could notice.
 */
export function createCommandAnnouncer(
  publisher: RevocationPublisher | undefined,
  note: (line: string) => void,
  groups: GroupEndings
): Announcer {
  let isNoted = false
  const announcer: Announcer = {
    async announce(entries) {
      if (entries.length === 0) return true
      const failure = publisher ? await publish(entries, publisher) : 'this command has no REDIS_URL'
      if (failure === undefined) return true
      // A command that works in batches says it once.
      if (isNoted) return false
      isNoted = true
      const when = publisher ? 'as soon as Redis accepts it' : 'within about three seconds'
      note(`Done, but not published yet (${failure}): a running auth-service does that ${when}.`)
      return false
    },
    async endRest(endingId) {
      const { endBatch } = announcing(groups, announcer)
      let ended = 0
      const onProgress = (count: number) => {
        ended = count
        note(`${count} more sessions have ended so far.`)
      }
      try {
        return await endAllSessions({ endBatch: (limit) => endBatch(limit, endingId) }, { onProgress })
      } catch {
        note('Done, but the database failed while sessions were being ended: a running auth-service ends the others.')
        return { ended, published: false, isComplete: false }
      }
    }
  }
  return announcer
}

/** @returns why it was not confirmed */
async function publish(entries: readonly OutboxEntry[], publisher: RevocationPublisher): Promise<string | undefined> {
  try {
    await firstResponse(() => publisher.publish(entries))
    return undefined
  } catch (error) {
    const { code } = error as { code?: unknown }
    return `Redis has not confirmed it${typeof code === 'string' ? `: ${code}` : ''}`
  }
}
