import { useEffect, useState } from 'react'

/**
 * The secret of the link that opened this page: what followed `#`. It is taken out of the address bar, so that it is in no bookmark and
 * no history; opening the link has not used it up.
 */
export function useLinkSecret(): string | undefined {
  const [secret] = useState(() => window.location.hash.slice(1) || undefined)
  useEffect(() => {
    if (secret !== undefined) window.history.replaceState(window.history.state, '', window.location.pathname)
  }, [secret])
  return secret
}
