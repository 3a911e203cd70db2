import { z } from 'zod'

/** How far the sessions are that a change ends. */
export const endedSessions = {
  sessions_ended: z.int(),
  sessions_remain: z
    .boolean()
    .meta({ description: 'more sessions are ending; until then their access tokens are accepted' })
}

export function endedOnWire({ ended, isComplete }: { readonly ended?: number; readonly isComplete: boolean }) {
  return { sessions_ended: ended ?? 0, sessions_remain: !isComplete }
}
