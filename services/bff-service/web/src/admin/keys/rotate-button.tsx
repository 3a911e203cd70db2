import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { useChangeKeys } from './keys-api.ts'

export function RotateButton() {
  return (
    <ConfirmButton
      label="Rotate now"
      title="Rotate the signing keys?"
      confirmLabel="Rotate"
      isDestructive={false}
      withReason
      change={useChangeKeys()}
      variablesOf={(reason) => ({ reason })}
    >
      The next key signs from now on. The former one stays published until its tokens are dead: no token is refused for
      it.
    </ConfirmButton>
  )
}
