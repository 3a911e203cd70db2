import { useEffect, useState } from 'react'
import { useLocation, useNavigate } from 'react-router'

/**
 * The secret of the link that opened this page: what followed `#`. It is taken out of the address bar, so that it is in no bookmark and
 * no history; opening the link has not used it up.
 */
export function useLinkSecret(): string | undefined {
  const { hash } = useLocation()
  const navigate = useNavigate()
  const [secret, setSecret] = useState(hash.slice(1) || undefined)
  useEffect(() => {
    if (hash === '') return
    // Another link may be opened in the same tab.
    setSecret(hash.slice(1))
    void navigate({ hash: '' }, { replace: true })
  }, [hash, navigate])
  return secret
}
