import type { QueryClient } from '@tanstack/react-query'
import { endSession, lookAgain } from './session.ts'

/** What a tab tells the other tabs of its browser. */
type SessionChange = 'signed_in' | 'signed_out'

const otherTabs = new BroadcastChannel('countersign-session')

export function tellOtherTabs(change: SessionChange): void {
  otherTabs.postMessage(change)
}

/** Notices when the browser's session changes elsewhere: by what other tabs tell, and by asking when a person comes back. */
export function followSession(client: QueryClient): void {
  otherTabs.onmessage = ({ data }: MessageEvent<SessionChange>) => {
    if (data === 'signed_out') endSession(client, 'signed_out')
    else lookAgain(client)
  }
  const comeBack = () => document.visibilityState === 'visible' && lookAgain(client)
  document.addEventListener('visibilitychange', comeBack)
  window.addEventListener('focus', comeBack)
  window.addEventListener('pageshow', ({ persisted }) => persisted && comeBack())
}
