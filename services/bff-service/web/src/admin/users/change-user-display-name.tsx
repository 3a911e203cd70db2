import type { User } from '../../api/types.ts'
import { ChangeDisplayName } from '../../forms/change-display-name.tsx'
import { say } from '../../texts/say.ts'
import { useChangeUser } from './users-api.ts'

export function ChangeUserDisplayName({ user }: { user: User }) {
  const change = useChangeUser(user.id)
  return (
    <ChangeDisplayName
      current={user.display_name}
      change={change}
      title={say('admin.users.displayNameTitle', { name: user.username })}
      rule={say('admin.users.displayNameText')}
      done={say('admin.users.displayNameSaved', { name: user.username })}
      autoComplete="off"
    />
  )
}
