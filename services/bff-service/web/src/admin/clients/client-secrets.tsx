import { Button, Group, Modal } from '@mantine/core'
import type { Client } from '../../api/types.ts'
import { showError } from '../../components/show-message.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Section } from '../../layout/section.tsx'
import { useAddSecret, useDropOlderSecret } from './clients-api.ts'
import { NewSecret } from './setup.tsx'

export function ClientSecrets({ client }: { client: Client }) {
  return (
    <Section
      title="Secrets"
      lead="A new secret is good beside the one before. Give it to the client, and drop the older one then."
    >
      <Group>
        <AddSecret client={client} />
        <DropOlderSecret clientId={client.client_id} />
      </Group>
    </Section>
  )
}

function AddSecret({ client }: { client: Client }) {
  const add = useAddSecret(client.client_id, client.secret_ids)
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
        size="lg"
        closeOnClickOutside={false}
        closeOnEscape={false}
      >
        {secret && <NewSecret client={{ ...client, client_secret: secret }} onClose={add.reset} />}
      </Modal>
    </>
  )
}

function DropOlderSecret({ clientId }: { clientId: string }) {
  return (
    <ConfirmButton
      label="Drop the older secret"
      variant="default"
      title="Drop the older secret?"
      confirmLabel="Drop"
      change={useDropOlderSecret(clientId)}
      variablesOf={() => undefined}
      success="The newest secret alone is good from now on."
    >
      The newest secret alone is good from now on. Every token that was issued to the client ends.
    </ConfirmButton>
  )
}
