import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useChangeKeys } from './keys-api.ts'

export function RotateButton() {
  const [isOpen, { open, close }] = useDisclosure()
  const change = useChangeKeys()
  const start = () => {
    change.reset()
    open()
  }
  const confirm = (reason: string | undefined) => change.mutate({ reason }, { onSuccess: close })
  return (
    <>
      <Button onClick={start}>Rotate now</Button>
      <ConfirmDialog
        title="Rotate the signing keys?"
        confirmLabel="Rotate"
        isDestructive={false}
        withReason
        isOpen={isOpen}
        isPending={change.isPending}
        error={change.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">
          The spare key signs from now on. The former one stays published until its tokens are dead: no token is refused
          for it.
        </Text>
      </ConfirmDialog>
    </>
  )
}
