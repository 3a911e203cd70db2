import { Button, Checkbox, Code, Group, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import type { Provider } from '../../api/types.ts'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { showError, showSuccess } from '../../components/show-message.ts'
import { StatusBadge } from '../../components/status-badge.tsx'
import { ConfirmButton } from '../../forms/confirm-button.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { ChangeProvider } from './change-provider.tsx'
import { NewProvider } from './new-provider.tsx'
import { kindLabels } from './provider-form.ts'
import { useAdminProviders, useChangeProvider, useDeleteProvider } from './providers-api.ts'

const columns: Column<Provider>[] = [
  { label: 'Name', render: ({ name }) => name },
  { label: 'Service', render: ({ kind, issuer }) => (kind === 'oidc' ? issuer : kindLabels[kind]) },
  { label: 'Redirect URI', render: ({ redirect_uri }) => <RedirectUri value={redirect_uri} /> },
  { label: 'Identities', render: ({ identities }) => identities },
  {
    label: 'Status',
    render: ({ enabled }) =>
      enabled ? <StatusBadge tone="good">Enabled</StatusBadge> : <StatusBadge tone="bad">Disabled</StatusBadge>
  },
  { label: 'Actions', render: (provider) => <Actions provider={provider} /> }
]

/** The services with which users can sign in. */
export function ProvidersPage() {
  const providers = useAdminProviders()
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title="Sign-in with others"
      lead="Register this service there, with the redirect URI of the list, and set up here what it gives you."
      actions={<Button onClick={open}>Set up a service</Button>}
    >
      <Section title="Services">
        <QueryResult query={providers}>
          {({ providers: rows }) => (
            <DataTable
              label="Services"
              columns={columns}
              rows={rows}
              keyOf={({ id }) => id}
              isLoading={false}
              empty="Users sign in with their passwords alone."
            />
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title="Set up a service" size="lg" closeOnClickOutside={false}>
        <NewProvider onClose={close} />
      </Modal>
    </Page>
  )
}

function RedirectUri({ value }: { value: string | null }) {
  if (value === null) return 'PAGES_URL is not set'
  return <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>
}

function Actions({ provider }: { provider: Provider }) {
  const [isOpen, { open, close }] = useDisclosure()
  const { id, name, enabled } = provider
  const change = useChangeProvider(id)
  const toggle = () =>
    change.mutate(
      { enabled: !enabled },
      {
        onSuccess: () => showSuccess(enabled ? `Nobody signs in with ${name} now.` : `Users can sign in with ${name}.`),
        onError: (error) => showError('Nothing was changed', error)
      }
    )
  return (
    <Group gap="xs">
      <Button variant="default" size="xs" aria-label={`Change ${name}`} onClick={open}>
        Change
      </Button>
      <Button
        variant="default"
        size="xs"
        aria-label={`${enabled ? 'Disable' : 'Enable'} ${name}`}
        loading={change.isPending}
        onClick={toggle}
      >
        {enabled ? 'Disable' : 'Enable'}
      </Button>
      <DeleteButton provider={provider} />
      <Modal opened={isOpen} onClose={close} title={`Change ${name}`} size="lg" closeOnClickOutside={false}>
        <ChangeProvider provider={provider} onClose={close} />
      </Modal>
    </Group>
  )
}

function DeleteButton({ provider: { id, name, identities } }: { provider: Provider }) {
  const [withIdentities, setWithIdentities] = useState(false)
  return (
    <ConfirmButton
      label="Delete"
      aria-label={`Delete ${name}`}
      variant="light"
      color="red"
      size="xs"
      title={`Delete ${name}?`}
      confirmLabel="Delete"
      change={useDeleteProvider(id)}
      variablesOf={() => withIdentities}
      success={`${name} is deleted.`}
      choice={
        identities > 0 && (
          <Checkbox
            label={`Delete it with its identities (${identities})`}
            description="Users who have no other way to sign in cannot sign in then."
            checked={withIdentities}
            onChange={({ currentTarget }) => setWithIdentities(currentTarget.checked)}
          />
        )
      }
    >
      Nobody can sign in with it afterwards.
    </ConfirmButton>
  )
}
