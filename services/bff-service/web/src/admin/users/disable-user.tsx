import type { User } from '../../api/types.ts'
import { DisableButton } from '../../forms/disable-button.tsx'
import { say } from '../../texts/say.ts'
import { useChangeUser } from './users-api.ts'

/** Disables the user, or enables again one who is disabled. */
export function DisableUser({ user }: { user: User }) {
  const isDisabled = user.disabled_at !== null
  return (
    <DisableButton
      label={say(isDisabled ? 'admin.users.enable' : 'admin.users.disable')}
      name={user.username}
      isDisabled={isDisabled}
      change={useChangeUser(user.id)}
      consequence={isDisabled ? say('admin.users.enableText') : say('admin.users.disableText')}
    />
  )
}
