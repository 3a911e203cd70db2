import { Button, Modal, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { isConflict } from '../api/api-error.ts'
import { showSuccess } from '../components/show-message.ts'
import { usernameError } from '../components/username-rule.ts'
import { DialogButtons } from '../forms/dialog-buttons.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { say } from '../texts/say.ts'
import { useChangeUsername } from './account-api.ts'

export function ChangeUsername() {
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        {say('changeUsername.button')}
      </Button>
      <Modal opened={isOpen} onClose={close} title={say('changeUsername.title')}>
        <UsernameForm onClose={close} />
      </Modal>
    </>
  )
}

function UsernameForm({ onClose }: { onClose: () => void }) {
  const change = useChangeUsername()
  const form = usePageForm({
    initialValues: { username: '' },
    validate: { username: usernameError },
    wishes: { username: say('fields.usernameWish') }
  })
  const submit = form.onSubmit((values) => {
    if (change.isPending) return
    change.mutate(values, {
      onSuccess: ({ username }) => {
        onClose()
        showSuccess(say('changeUsername.done', { name: username }))
      },
      onError: (error) => form.refuse(error, takenUsername(error))
    })
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('changeUsername.name')}
          description={say('fields.usernameRule')}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          data-autofocus
          key={form.key('username')}
          {...form.getInputProps('username')}
        />
        <FormProblem form={form} />
        <DialogButtons label={say('changeUsername.button')} isPending={change.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}

function takenUsername(error: unknown): Record<string, string> | undefined {
  return isConflict(error) ? { username: say('changeUsername.taken') } : undefined
}
