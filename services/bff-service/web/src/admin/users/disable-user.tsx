import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { User } from '../../api/types.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showSuccess } from '../../components/show-message.ts'
import { useChangeUser } from './users-api.ts'

/** Disables the user, or enables again one who is disabled. */
export function DisableUser({ user }: { user: User }) {
  const [isOpen, { open, close }] = useDisclosure()
  const change = useChangeUser(user.id)
  const isDisabled = user.disabled_at !== null
  const verb = isDisabled ? 'Enable' : 'Disable'
  const confirm = () =>
    change.mutate(
      { disabled: !isDisabled },
      {
        onSuccess: () => {
          close()
          showSuccess(`${user.username} is ${isDisabled ? 'enabled' : 'disabled'}.`)
        }
      }
    )
  const start = () => {
    change.reset()
    open()
  }
  return (
    <>
      <Button variant={isDisabled ? 'default' : 'light'} color="red" size="xs" onClick={start}>
        {verb} user
      </Button>
      <ConfirmDialog
        title={`${verb} ${user.username}?`}
        confirmLabel={verb}
        isDestructive={!isDisabled}
        isOpen={isOpen}
        isPending={change.isPending}
        error={change.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">
          {isDisabled
            ? 'The user can sign in again.'
            : 'The user cannot sign in any more. All sessions end, and their tokens are refused at once.'}
        </Text>
      </ConfirmDialog>
    </>
  )
}
