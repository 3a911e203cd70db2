import { Button, Modal, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { showSuccess } from '../components/show-message.ts'
import { DialogButtons } from '../forms/dialog-buttons.tsx'
import { FormProblem } from '../forms/form-problem.tsx'
import { usePageForm } from '../forms/page-form.ts'
import { useChangeProfile, useOwnProfile } from '../session/own-profile.ts'
import { say } from '../texts/say.ts'

const maxLength = 64

export function ChangeDisplayName() {
  const [isOpen, { open, close }] = useDisclosure()
  const { data: profile } = useOwnProfile()
  return (
    <>
      <Button variant="default" size="xs" disabled={!profile} onClick={open}>
        {say('changeDisplayName.button')}
      </Button>
      <Modal opened={isOpen} onClose={close} title={say('changeDisplayName.title')}>
        <DisplayNameForm current={profile?.display_name ?? ''} onClose={close} />
      </Modal>
    </>
  )
}

function DisplayNameForm({ current, onClose }: { current: string; onClose: () => void }) {
  const change = useChangeProfile()
  const form = usePageForm({
    initialValues: { display_name: current },
    validate: { display_name: (text) => (text.trim().length > maxLength ? say('changeDisplayName.wish') : null) },
    wishes: { display_name: say('changeDisplayName.wish') }
  })
  const submit = form.onSubmit(({ display_name }) => {
    if (change.isPending) return
    change.mutate(
      { display_name: display_name.trim() || null },
      {
        onSuccess: () => {
          onClose()
          showSuccess(say('changeDisplayName.done'))
        },
        onError: (error) => form.refuse(error)
      }
    )
  })
  return (
    <form method="post" noValidate onSubmit={submit}>
      <Stack>
        <TextInput
          label={say('account.displayName')}
          description={say('changeDisplayName.rule')}
          autoComplete="name"
          data-autofocus
          key={form.key('display_name')}
          {...form.getInputProps('display_name')}
        />
        <FormProblem form={form} />
        <DialogButtons label={say('changeDisplayName.button')} isPending={change.isPending} onClose={onClose} />
      </Stack>
    </form>
  )
}
