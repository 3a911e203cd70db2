import { Button, Modal, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { showSuccess } from '../components/show-message.ts'
import { say } from '../texts/say.ts'
import { DialogButtons } from './dialog-buttons.tsx'
import { FormProblem } from './form-problem.tsx'
import { usePageForm } from './page-form.ts'

const maxLength = 64

interface Props {
  /** `undefined` while it is not known. */
  current: string | null | undefined
  change: {
    isPending: boolean
    mutate(
      body: { display_name: string | null },
      then: { onSuccess: () => void; onError: (error: unknown) => void }
    ): void
  }
  title: string
  rule: string
  done: string
  autoComplete: 'name' | 'off'
}

/** A button that opens a dialog for a display name, one's own or a user's. */
export function ChangeDisplayName({ current, ...props }: Props) {
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <>
      <Button variant="default" size="xs" disabled={current === undefined} onClick={open}>
        {say('changeDisplayName.button')}
      </Button>
      <Modal opened={isOpen} onClose={close} title={props.title}>
        <DisplayNameForm {...props} current={current ?? ''} onClose={close} />
      </Modal>
    </>
  )
}

function DisplayNameForm({
  current,
  change,
  rule,
  done,
  autoComplete,
  onClose
}: Props & { current: string; onClose: () => void }) {
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
          showSuccess(done)
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
          description={rule}
          autoComplete={autoComplete}
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
