import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Client } from '../../api/types.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showSuccess } from '../../components/show-message.ts'
import { useChangeClient } from './clients-api.ts'

/** Disables the client, or enables again one that is disabled. */
export function DisableClient({ client }: { client: Client }) {
  const [isOpen, { open, close }] = useDisclosure()
  const change = useChangeClient(client.client_id)
  const isDisabled = client.disabled_at !== null
  const verb = isDisabled ? 'Enable' : 'Disable'
  const confirm = () =>
    change.mutate(
      { disabled: !isDisabled },
      {
        onSuccess: () => {
          close()
          showSuccess(`${client.client_id} is ${isDisabled ? 'enabled' : 'disabled'}.`)
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
        {verb} client
      </Button>
      <ConfirmDialog
        title={`${verb} ${client.client_id}?`}
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
            ? 'The client can authenticate itself again.'
            : 'The client cannot authenticate itself any more, and every token that was issued to it ends at once.'}
        </Text>
      </ConfirmDialog>
    </>
  )
}
