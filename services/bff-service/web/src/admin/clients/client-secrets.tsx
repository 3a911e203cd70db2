import { Button, Group, Modal } from '@mantine/core'
import type { Client } from '../../api/types.ts'
import { showError } from '../../components/show-message.ts'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { useAddSecret, useDropOlderSecret } from './clients-api.ts'
import { NewSecret } from './setup.tsx'

export function ClientSecrets({ client }: { client: Client }) {
  return (
    <Section title={say('admin.clients.secrets')} lead={say('admin.clients.secretsLead')}>
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
        onClick={() =>
          add.mutate(undefined, { onError: (error) => showError(say('admin.clients.noNewSecret'), error) })
        }
      >
        {say('admin.clients.newSecret')}
      </Button>
      <Modal
        opened={secret !== undefined}
        onClose={add.reset}
        title={say('admin.clients.theNewSecret')}
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
      label={say('admin.clients.dropOlder')}
      variant="default"
      title={say('admin.clients.dropOlderTitle')}
      confirmLabel={say('admin.clients.drop')}
      change={useDropOlderSecret(clientId)}
      variablesOf={() => undefined}
      success={say('admin.clients.olderDropped')}
    >
      {say('admin.clients.dropOlderText')}
    </ConfirmButton>
  )
}
