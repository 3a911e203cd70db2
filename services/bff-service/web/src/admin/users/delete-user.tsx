import { useNavigate } from 'react-router'
import type { User } from '../../api/types.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { useDeleteUser } from './users-api.ts'

export function DeleteUser({ user }: { user: User }) {
  const navigate = useNavigate()
  return (
    <ConfirmButton
      label="Delete user"
      variant="light"
      color="red"
      size="xs"
      title={`Delete ${user.username}?`}
      confirmLabel="Delete"
      isDestructive
      change={useDeleteUser(user.id)}
      variablesOf={() => undefined}
      success={`${user.username} is deleted.`}
      onSuccess={() => navigate('/admin/users')}
    >
      All sessions end, and their tokens are refused at once. The account cannot be brought back; another person may
      register with its username.
    </ConfirmButton>
  )
}
