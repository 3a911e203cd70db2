import { ConfirmButton, type ConfirmedChange } from './confirm-button.tsx'

interface DisableButtonProps {
  /** Such as `user`. */
  what: string
  name: string
  isDisabled: boolean
  change: ConfirmedChange<{ disabled: boolean }>
  /** What will happen. */
  consequence: string
}

/** Disables somebody or something, or enables again what is disabled. */
export function DisableButton({ what, name, isDisabled, change, consequence }: DisableButtonProps) {
  const verb = isDisabled ? 'Enable' : 'Disable'
  return (
    <ConfirmButton
      label={`${verb} ${what}`}
      variant={isDisabled ? 'default' : 'light'}
      color="red"
      size="xs"
      title={`${verb} ${name}?`}
      confirmLabel={verb}
      isDestructive={!isDisabled}
      change={change}
      variablesOf={() => ({ disabled: !isDisabled })}
      success={`${name} is ${isDisabled ? 'enabled' : 'disabled'}.`}
    >
      {consequence}
    </ConfirmButton>
  )
}
