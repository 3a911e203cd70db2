import type { KeyState, SigningKey } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { StatusBadge, type Tone } from '../../components/status-badge.tsx'
import { percentOfNow, segmentsOf, type TimeSpan } from './key-phases.ts'
import classes from './keys-page.module.css'
import { RevokeButton } from './revoke-button.tsx'

const states: Record<KeyState, { label: string; tone: Tone }> = {
  next: { label: 'Next', tone: 'neutral' },
  signing: { label: 'Signing', tone: 'accent' },
  retired: { label: 'Retired', tone: 'caution' },
  revoked: { label: 'Revoked', tone: 'bad' }
}

interface KeyRowProps {
  signingKey: SigningKey
  span: TimeSpan
}

export function KeyRow({ signingKey: key, span }: KeyRowProps) {
  const { label, tone } = states[key.state]
  return (
    <li className={classes.row}>
      <div className={classes.head}>
        <div className={classes.name}>
          <StatusBadge tone={tone}>{label}</StatusBadge>
          <code>{key.kid}</code>
        </div>
        {key.state !== 'revoked' && <RevokeButton signingKey={key} />}
      </div>
      <div className={classes.track} aria-hidden>
        {segmentsOf(key, span).map(({ phase, left, width }) => (
          <span key={phase} data-phase={phase} style={{ insetInlineStart: `${left}%`, width: `${width}%` }} />
        ))}
        <span data-phase="now" style={{ insetInlineStart: `${percentOfNow(span)}%` }} />
      </div>
      <p className={classes.dates}>
        {key.algorithm}, {key.bits} bits · published <DateTime value={key.created_at} />
        {key.signs_from && (
          <>
            {' '}
            · {key.state === 'next' ? 'signs' : 'signing'} from <DateTime value={key.signs_from} />
          </>
        )}
        {key.retired_at && (
          <>
            {' '}
            · retired <DateTime value={key.retired_at} />
          </>
        )}
        {key.revoked_at && (
          <>
            {' '}
            · revoked <DateTime value={key.revoked_at} />
          </>
        )}
      </p>
    </li>
  )
}
