import type { KeyState, SigningKey } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { useChangeKeys } from './keys-api.ts'

const consequences: Record<KeyState, string> = {
  next: 'It has signed nothing yet, so no token is refused. Another next key takes its place.',
  signing:
    'Every token that it signed is refused at once, this session’s too, until it is refreshed with the next key.',
  retired: 'Every token that it signed is refused at once, until it is refreshed with the key that signs now.',
  revoked: ''
}

export function RevokeButton({ signingKey: { kid, state } }: { signingKey: SigningKey }) {
  return (
    <ConfirmButton
      label="Revoke key"
      aria-label={`Revoke key ${kid}`}
      variant="light"
      color="red"
      size="xs"
      title="Revoke this key?"
      confirmLabel="Revoke"
      withReason
      change={useChangeKeys()}
      variablesOf={(reason) => ({ kid, reason })}
    >
      For a key that may be known to others. <code>{kid}</code> leaves the published key set, and cannot come back.{' '}
      {consequences[state]}
    </ConfirmButton>
  )
}
