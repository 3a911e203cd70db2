import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { KeyState, SigningKey } from '../../api/types.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { useChangeKeys } from './keys-api.ts'

const consequences: Record<KeyState, string> = {
  spare: 'It has signed nothing yet, so no token is refused. Another spare key takes its place.',
  signing:
    'Every token that it signed is refused at once, this session’s too, until it is refreshed with the next key.',
  retired: 'Every token that it signed is refused at once, until it is refreshed with the key that signs now.',
  pulled: ''
}

export function PullButton({ signingKey: { kid, state } }: { signingKey: SigningKey }) {
  const [isOpen, { open, close }] = useDisclosure()
  const change = useChangeKeys()
  const start = () => {
    change.reset()
    open()
  }
  const confirm = (reason: string | undefined) => change.mutate({ kid, reason }, { onSuccess: close })
  return (
    <>
      <Button variant="light" color="red" size="xs" aria-label={`Pull key ${kid}`} onClick={start}>
        Pull key
      </Button>
      <ConfirmDialog
        title="Pull this key?"
        confirmLabel="Pull"
        withReason
        isOpen={isOpen}
        isPending={change.isPending}
        error={change.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">
          For a key that may be known to others. <code>{kid}</code> leaves the published key set, and cannot come back.{' '}
          {consequences[state]}
        </Text>
      </ConfirmDialog>
    </>
  )
}
