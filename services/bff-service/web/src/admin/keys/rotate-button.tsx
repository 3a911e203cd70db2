import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { say } from '../../texts/say.ts'
import { useChangeKeys } from './keys-api.ts'

export function RotateButton() {
  return (
    <ConfirmButton
      label={say('admin.keys.rotateNow')}
      title={say('admin.keys.rotateTitle')}
      confirmLabel={say('admin.keys.rotate')}
      isDestructive={false}
      withReason
      change={useChangeKeys()}
      variablesOf={(reason) => ({ reason })}
    >
      {say('admin.keys.rotateText')}
    </ConfirmButton>
  )
}
