import { type ReactNode, useState } from 'react'
import classes from './client-badge.module.css'

interface ClientBadgeProps {
  name: string
  /** Only one by https is loaded, and only by pages that may show it. */
  logo?: string | null
  children: ReactNode
}

/** An app's logo, or its first letter, beside what is said of it. */
export function ClientBadge({ name, logo = null, children }: ClientBadgeProps) {
  const [isBroken, setIsBroken] = useState(false)
  const isShown = logo?.startsWith('https://') && !isBroken
  return (
    <div className={classes.badge}>
      <span className={classes.mark} aria-hidden>
        {isShown ? (
          <img src={logo ?? ''} alt="" referrerPolicy="no-referrer" onError={() => setIsBroken(true)} />
        ) : (
          ([...name][0]?.toUpperCase() ?? '')
        )}
      </span>
      <div>{children}</div>
    </div>
  )
}
