import { useEffect, useState } from 'react'
import { useLocation, useNavigate } from 'react-router'

const entry = 'countersign-link'

/** Keeps the secret of a page in this tab, while its browser is at another service to sign in. */
export function keepLinkSecret(pathname: string, secret: string): void {
  sessionStorage.setItem(entry, JSON.stringify({ pathname, secret }))
}

function keptSecretOf(pathname: string): string | undefined {
  const kept = JSON.parse(sessionStorage.getItem(entry) ?? '{}') as { pathname?: string; secret?: string }
  return kept.pathname === pathname ? kept.secret : undefined
}

/**
 * The secret of the link that opened this page: what followed `#`. It is taken out of the address bar, so that it is in no bookmark and
 * no history; opening the link has not used it up.
 */
export function useLinkSecret(): string | undefined {
  const { hash, pathname } = useLocation()
  const navigate = useNavigate()
  const [secret, setSecret] = useState(hash.slice(1) || keptSecretOf(pathname))
  useEffect(() => sessionStorage.removeItem(entry), [])
  useEffect(() => {
    if (hash === '') return
    // Another link may be opened in the same tab.
    setSecret(hash.slice(1))
    void navigate({ hash: '' }, { replace: true })
  }, [hash, navigate])
  return secret
}
