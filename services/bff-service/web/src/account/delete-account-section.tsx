import { Button, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useNavigate } from 'react-router'
import { isConflict } from '../api/api-error.ts'
import { PasswordField } from '../components/password-field.tsx'
import { DialogButtons } from '../forms/dialog-buttons.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { Section } from '../layout/section.tsx'
import { useSignedIn } from '../session/session.ts'
import { useDeleteAccount } from './account-api.ts'

export function DeleteAccountSection() {
  const { username } = useSignedIn()
  const [isOpen, { open, close }] = useDisclosure()
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
      <Modal opened={isOpen} onClose={close} title={`Delete the account ${username}?`}>
        <DeletionForm onClose={close} />
      </Modal>
    </Section>
  )
}

function DeletionForm({ onClose }: { onClose: () => void }) {
  const { username } = useSignedIn()
  const deletion = useDeleteAccount()
  const navigate = useNavigate()
  const form = usePageForm({
    initialValues: { current_password: '' },
    validate: { current_password: (text) => (text ? null : 'Enter the password that you have now.') },
    wishes: { current_password: 'This is not your current password.' }
  })
  const submit = form.onSubmit((values) => {
    if (deletion.isPending) return
    deletion.mutate(values, {
      onSuccess: ({ deletion_at }) => navigate('/account-deletion', { replace: true, state: deletion_at }),
      onError: (error) => form.refuse(error)
    })
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <Text size="sm">
          All your sessions end, also this one, and all that is kept about you here is deleted after some days. Until
          then you can sign in, and the account stays.
        </Text>
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        <PasswordField
          label="Current password"
          autoComplete="current-password"
          data-autofocus
          key={form.key('current_password')}
          {...form.getInputProps('current_password')}
        />
        <FormProblem
          form={form}
          message={isConflict(form.problem) ? 'You are the last admin. Make another user an admin first.' : undefined}
        />
        <DialogButtons label="Delete account" isPending={deletion.isPending} isDestructive onClose={onClose} />
      </Stack>
    </form>
  )
}
