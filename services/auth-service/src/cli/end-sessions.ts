import type { Announcing } from '../revocation/announcing.ts'
import { endAllSessions, type SessionEndings } from '../sessions/session-endings.ts'

/** Ends the sessions of users who lost a scope, if that is wanted, and says how far it is. */
export async function endSessions(
  endings: Announcing<SessionEndings>,
  note: (line: string) => void,
  isWanted = false
): Promise<{ document: { sessions_ended?: number; published?: boolean }; text: string }> {
  if (!isWanted) return { document: {}, text: '' }
  const { ended, published } = await endAllSessions(endings, {
    onProgress: (count) => note(`${count} sessions have ended so far.`)
  })
  return { document: { sessions_ended: ended, published }, text: ` ${textOfEnded(ended)}` }
}

export function textOfEnded(count: number): string {
  return count === 1 ? 'One session has ended.' : `${count === 0 ? 'No' : count} sessions have ended.`
}
