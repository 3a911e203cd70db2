import { Button, Group, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { Client } from '../../api/types.ts'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { showError, showSuccess } from '../../components/show-message.ts'
import { Section } from '../../layout/section.tsx'
import { useAddSecret, useDropOlderSecret } from './clients-api.ts'
import { SecretNotice } from './secret-notice.tsx'

export function ClientSecrets({ client }: { client: Client }) {
  return (
    <Section
      title="Secrets"
      lead="A new secret is good beside the one before. Give it to the client, and drop the older one then."
    >
      <Group>
        <AddSecret clientId={client.client_id} />
        <DropOlderSecret clientId={client.client_id} />
      </Group>
    </Section>
  )
}

function AddSecret({ clientId }: { clientId: string }) {
  const add = useAddSecret(clientId)
  const secret = add.data?.client_secret
  return (
    <>
      <Button
        loading={add.isPending}
        onClick={() => add.mutate(undefined, { onError: (error) => showError('There is no new secret', error) })}
      >
        New secret
      </Button>
      <Modal
        opened={secret !== undefined}
        onClose={add.reset}
        title="The new secret"
        closeOnClickOutside={false}
        closeOnEscape={false}
      >
        {secret && <SecretNotice secret={secret} onClose={add.reset} />}
      </Modal>
    </>
  )
}

function DropOlderSecret({ clientId }: { clientId: string }) {
  const [isOpen, { open, close }] = useDisclosure()
  const drop = useDropOlderSecret(clientId)
  const start = () => {
    drop.reset()
    open()
  }
  const confirm = () =>
    drop.mutate(undefined, {
      onSuccess: () => {
        close()
        showSuccess('The newest secret alone is good from now on.')
      }
    })
  return (
    <>
      <Button variant="default" onClick={start}>
        Drop the older secret
      </Button>
      <ConfirmDialog
        title="Drop the older secret?"
        confirmLabel="Drop"
        isOpen={isOpen}
        isPending={drop.isPending}
        error={drop.error}
        onConfirm={confirm}
        onClose={close}
      >
        <Text size="sm">
          The newest secret alone is good from now on. Every token that was issued to the client ends.
        </Text>
      </ConfirmDialog>
    </>
  )
}
