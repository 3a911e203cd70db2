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
import { say } from '../../texts/say.ts'
import { ChangeProvider } from './change-provider.tsx'
import { NewProvider } from './new-provider.tsx'
import { labelOfKind } from './provider-form.ts'
import { useAdminProviders, useChangeProvider, useDeleteProvider } from './providers-api.ts'

const columns = (): Column<Provider>[] => [
  { label: say('admin.common.name'), render: ({ name }) => name },
  {
    label: say('admin.providers.service'),
    render: ({ kind, issuer }) => (kind === 'oidc' ? issuer : labelOfKind(kind))
  },
  { label: say('admin.providers.redirectUri'), render: ({ redirect_uri }) => <RedirectUri value={redirect_uri} /> },
  { label: say('admin.providers.identities'), render: ({ identities }) => identities },
  {
    label: say('admin.common.status'),
    render: ({ enabled }) =>
      enabled ? (
        <StatusBadge tone="good">{say('admin.common.isEnabled')}</StatusBadge>
      ) : (
        <StatusBadge tone="bad">{say('admin.common.isDisabled')}</StatusBadge>
      )
  },
  { label: say('admin.common.actions'), render: (provider) => <Actions provider={provider} /> }
]

/** The services with which users can sign in. */
export function ProvidersPage() {
  const providers = useAdminProviders()
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title={say('admin.providers.title')}
      lead={say('admin.providers.lead')}
      actions={<Button onClick={open}>{say('admin.providers.new')}</Button>}
    >
      <Section title={say('admin.providers.services')}>
        <QueryResult query={providers}>
          {({ providers: rows }) => (
            <DataTable
              label={say('admin.providers.services')}
              columns={columns()}
              rows={rows}
              keyOf={({ id }) => id}
              isLoading={false}
              empty={say('admin.providers.empty')}
            />
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title={say('admin.providers.new')} size="lg" closeOnClickOutside={false}>
        <NewProvider onClose={close} />
      </Modal>
    </Page>
  )
}

function RedirectUri({ value }: { value: string | null }) {
  if (value === null) return say('admin.providers.noPages')
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
        onSuccess: () => showSuccess(say(enabled ? 'admin.providers.off' : 'admin.providers.on', { name })),
        onError: (error) => showError(say('admin.providers.notChanged'), error)
      }
    )
  return (
    <Group gap="xs">
      <Button variant="default" size="xs" aria-label={say('admin.providers.changeOf', { name })} onClick={open}>
        {say('admin.providers.change')}
      </Button>
      <Button
        variant="default"
        size="xs"
        aria-label={say(enabled ? 'admin.providers.disableOf' : 'admin.providers.enableOf', { name })}
        loading={change.isPending}
        onClick={toggle}
      >
        {say(enabled ? 'admin.disabling.disable' : 'admin.disabling.enable')}
      </Button>
      <DeleteButton provider={provider} />
      <Modal
        opened={isOpen}
        onClose={close}
        title={say('admin.providers.changeOf', { name })}
        size="lg"
        closeOnClickOutside={false}
      >
        <ChangeProvider provider={provider} onClose={close} />
      </Modal>
    </Group>
  )
}

function DeleteButton({ provider: { id, name, identities } }: { provider: Provider }) {
  const [withIdentities, setWithIdentities] = useState(false)
  return (
    <ConfirmButton
      label={say('admin.common.delete')}
      aria-label={say('admin.providers.deleteOf', { name })}
      variant="light"
      color="red"
      size="xs"
      title={say('admin.providers.deleteTitle', { name })}
      confirmLabel={say('admin.common.delete')}
      change={useDeleteProvider(id)}
      variablesOf={() => withIdentities}
      success={say('admin.providers.deleted', { name })}
      choice={
        identities > 0 && (
          <Checkbox
            label={say('admin.providers.withIdentities', { number: identities })}
            description={say('admin.providers.withIdentitiesText')}
            checked={withIdentities}
            onChange={({ currentTarget }) => setWithIdentities(currentTarget.checked)}
          />
        )
      }
    >
      {say('admin.providers.deleteText')}
    </ConfirmButton>
  )
}
