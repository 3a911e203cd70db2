import { useNavigate } from 'react-router'
import type { User } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { say } from '../../texts/say.ts'
import { useDeleteUser } from './users-api.ts'

export function DeleteUser({ user }: { user: User }) {
  const navigate = useNavigate()
  return (
    <ConfirmButton
      label={say('admin.users.delete')}
      variant="light"
      color="red"
      size="xs"
      title={say('admin.users.deleteTitle', { name: user.username })}
      confirmLabel={say('admin.common.delete')}
      isDestructive
      change={useDeleteUser(user.id)}
      variablesOf={() => undefined}
      success={say('admin.users.deleted', { name: user.username })}
      onSuccess={() => navigate('/admin/users')}
    >
      {say('admin.users.deleteText')}
    </ConfirmButton>
  )
}
