import type { User } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { say } from '../../texts/say.ts'
import { useResetSecondFactors } from './users-api.ts'

export function ResetSecondFactors({ user }: { user: User }) {
  return (
    <ConfirmButton
      label={say('admin.users.resetFactors')}
      variant="default"
      size="xs"
      title={say('admin.users.resetFactorsTitle', { name: user.username })}
      confirmLabel={say('admin.users.reset')}
      isDestructive
      change={useResetSecondFactors(user.id)}
      variablesOf={() => undefined}
      success={say('admin.users.factorsReset', { name: user.username })}
    >
      {say('admin.users.resetFactorsText')}
    </ConfirmButton>
  )
}
