import type { User } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { useResetSecondFactors } from './users-api.ts'

export function ResetSecondFactors({ user }: { user: User }) {
  return (
    <ConfirmButton
      label="Reset second factors"
      variant="default"
      size="xs"
      title={`Reset the second factors of ${user.username}?`}
      confirmLabel="Reset"
      isDestructive
      change={useResetSecondFactors(user.id)}
      variablesOf={() => undefined}
      success={`${user.username} has no second factor any more.`}
    >
      For a user who has lost them. Make sure that it is the user who asks: authenticator app, passkeys, recovery codes
      and trusted devices are removed, all sessions end, and the user gets a mail.
    </ConfirmButton>
  )
}
