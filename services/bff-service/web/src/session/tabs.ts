import type { QueryClient } from '@tanstack/react-query'
import { endSession, lookAgain } from './session.ts'

/** A message of a tab to the other tabs of its browser. */
type SessionChange = 'signed_in' | 'signed_out'

const otherTabs = new BroadcastChannel('countersign-session')

export function tellOtherTabs(change: SessionChange): void {
  otherTabs.postMessage(change)
}

/** Notices when the browser's session changes elsewhere: by messages of other tabs, and by a check when the user returns. */
export function followSession(client: QueryClient): void {
  otherTabs.onmessage = ({ data }: MessageEvent<SessionChange>) => {
    if (data === 'signed_out') endSession(client, 'signed_out')
    else void lookAgain(client)
  }
  const comeBack = () => document.visibilityState === 'visible' && void lookAgain(client)
  document.addEventListener('visibilitychange', comeBack)
  window.addEventListener('focus', comeBack)
  window.addEventListener('pageshow', ({ persisted }) => persisted && comeBack())
}
