import type { KeyState, SigningKey } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { say, type TextKey } from '../../texts/say.ts'
import { useChangeKeys } from './keys-api.ts'

const consequences: Record<KeyState, TextKey | undefined> = {
  next: 'admin.keys.revokeNext',
  signing: 'admin.keys.revokeSigning',
  retired: 'admin.keys.revokeRetired',
  revoked: undefined
}

export function RevokeButton({ signingKey: { kid, state } }: { signingKey: SigningKey }) {
  const consequence = consequences[state]
  return (
    <ConfirmButton
      label={say('admin.keys.revokeKey')}
      aria-label={say('admin.keys.revokeOf', { kid })}
      variant="light"
      color="red"
      size="xs"
      title={say('admin.keys.revokeTitle')}
      confirmLabel={say('admin.keys.revoke')}
      withReason
      change={useChangeKeys()}
      variablesOf={(reason) => ({ kid, reason })}
    >
      {say('admin.keys.revokeText')} <code>{kid}</code>. {consequence && say(consequence)}
    </ConfirmButton>
  )
}
