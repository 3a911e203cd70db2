import { Text } from '@mantine/core'
import type { User } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { say } from '../../texts/say.ts'
import { useResetSecondFactors } from './users-api.ts'

interface ResetSecondFactorsProps {
  user: User
  /** Whether the user has no other way to sign in. */
  isOnlyPasskeys: boolean
}

export function ResetSecondFactors({ user, isOnlyPasskeys }: ResetSecondFactorsProps) {
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
      choice={isOnlyPasskeys && <Text size="sm">{say('admin.users.resetFactorsOnlyWay')}</Text>}
      success={say('admin.users.factorsReset', { name: user.username })}
    >
      {say('admin.users.resetFactorsText')}
    </ConfirmButton>
  )
}
