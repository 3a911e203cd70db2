import type { KeyState, SigningKey } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { StatusBadge, type Tone } from '../../components/status-badge.tsx'
import { say, type TextKey } from '../../texts/say.ts'
import { percentOfNow, segmentsOf, type TimeSpan } from './key-phases.ts'
import classes from './keys-page.module.css'
import { RevokeButton } from './revoke-button.tsx'

const states: Record<KeyState, { label: TextKey; tone: Tone }> = {
  next: { label: 'admin.keys.next', tone: 'neutral' },
  signing: { label: 'admin.keys.signing', tone: 'accent' },
  retired: { label: 'admin.keys.retired', tone: 'caution' },
  revoked: { label: 'admin.keys.revoked', tone: 'bad' }
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
          <StatusBadge tone={tone}>{say(label)}</StatusBadge>
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
        {say('admin.keys.size', { algorithm: key.algorithm, bits: key.bits })} · {say('admin.keys.publishedAt')}{' '}
        <DateTime value={key.created_at} />
        {key.signs_from && (
          <>
            {' '}
            · {say(key.state === 'next' ? 'admin.keys.signsFrom' : 'admin.keys.signingFrom')}{' '}
            <DateTime value={key.signs_from} />
          </>
        )}
        {key.retired_at && (
          <>
            {' '}
            · {say('admin.keys.retiredAt')} <DateTime value={key.retired_at} />
          </>
        )}
        {key.revoked_at && (
          <>
            {' '}
            · {say('admin.keys.revokedAt')} <DateTime value={key.revoked_at} />
          </>
        )}
      </p>
    </li>
  )
}
