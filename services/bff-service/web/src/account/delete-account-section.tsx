import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from 'react-router'
import { ConfirmDialog } from '../forms/confirm-dialog.tsx'
import { Section } from '../layout/section.tsx'
import { useSignedIn } from '../session/session.ts'
import { useDeleteAccount } from './account-api.ts'

export function DeleteAccountSection() {
  const { username } = useSignedIn()
  const deletion = useDeleteAccount()
  const navigate = useNavigate()
  const [isOpen, { open, close }] = useDisclosure()
  const confirm = () =>
    deletion.mutate(undefined, {
      onSuccess: ({ deletion_at }) => navigate('/account-deletion', { replace: true, state: deletion_at })
    })
  return (
    <Section
      title="Delete account"
      lead="You are signed out everywhere at once. Until the account is gone, a sign-in keeps it."
    >
      <div>
        <Button variant="light" color="red" onClick={open}>
          Delete account
        </Button>
      </div>
      <ConfirmDialog
        title={`Delete the account ${username}?`}
        confirmLabel="Delete account"
        isOpen={isOpen}
        isPending={deletion.isPending}
        error={deletion.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">
          All your sessions end, also this one, and all that is kept about you here is deleted after some days. Until
          then you can sign in, and the account stays.
        </Text>
      </ConfirmDialog>
    </Section>
  )
}
