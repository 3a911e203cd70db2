import { say } from '../texts/say.ts'
import { DateTime } from './date-time.tsx'

/** When a passkey or an authenticator app was added, and when it was used last. */
export function AddedAndLastUsed({ addedAt, lastUsedAt }: { addedAt: string; lastUsedAt: string | null }) {
  return (
    <>
      {say('passkeys.made')} <DateTime value={addedAt} /> ·{' '}
      {lastUsedAt ? (
        <>
          {say('passkeys.lastUsed')} <DateTime value={lastUsedAt} isRelative />
        </>
      ) : (
        say('passkeys.neverUsed')
      )}
    </>
  )
}
