import { say } from '../texts/say.ts'
import { ConfirmButton, type ConfirmedChange } from './confirm-button.tsx'

interface DisableButtonProps {
  label: string
  name: string
  isDisabled: boolean
  change: ConfirmedChange<{ disabled: boolean }>
  /** What will happen. */
  consequence: string
}

/** Disables somebody or something, or enables again what is disabled. */
export function DisableButton({ label, name, isDisabled, change, consequence }: DisableButtonProps) {
  return (
    <ConfirmButton
      label={label}
      variant={isDisabled ? 'default' : 'light'}
      color="red"
      size="xs"
      title={say(isDisabled ? 'admin.disabling.enableTitle' : 'admin.disabling.disableTitle', { name })}
      confirmLabel={say(isDisabled ? 'admin.disabling.enable' : 'admin.disabling.disable')}
      isDestructive={!isDisabled}
      change={change}
      variablesOf={() => ({ disabled: !isDisabled })}
      success={say(isDisabled ? 'admin.disabling.enabled' : 'admin.disabling.disabled', { name })}
    >
      {consequence}
    </ConfirmButton>
  )
}
