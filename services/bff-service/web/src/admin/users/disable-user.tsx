import type { User } from '../../api/types.ts'
import { DisableButton } from '../../forms/disable-button.tsx'
import { useChangeUser } from './users-api.ts'

/** Disables the user, or enables again one who is disabled. */
export function DisableUser({ user }: { user: User }) {
  const isDisabled = user.disabled_at !== null
  return (
    <DisableButton
      what="user"
      name={user.username}
      isDisabled={isDisabled}
      change={useChangeUser(user.id)}
      consequence={
        isDisabled
          ? 'The user can sign in again.'
          : 'The user cannot sign in any more. All sessions end, and their tokens are refused at once.'
      }
    />
  )
}
