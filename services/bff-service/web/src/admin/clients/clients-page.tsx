import { Anchor, Button, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link } from 'react-router'
import type { Client } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { authMethodLabels } from './client-terms.ts'
import { useClients } from './clients-api.ts'
import { NewClient } from './new-client.tsx'

const columns: Column<Client>[] = [
  {
    label: 'Client',
    render: ({ client_id, name }) => (
      <>
        <Anchor component={Link} to={`/admin/clients/${encodeURIComponent(client_id)}`} fw={600} size="sm">
          {client_id}
        </Anchor>
        {name !== client_id && (
          <Text size="sm" c="dimmed">
            {name}
          </Text>
        )}
      </>
    )
  },
  {
    label: 'Authentication',
    render: (client) => authMethodLabels[client.token_endpoint_auth_method] ?? client.token_endpoint_auth_method
  },
  { label: 'Scopes', render: ({ scopes }) => scopes.join(', ') || '–' },
  { label: 'Created', render: ({ created_at }) => <DateTime value={created_at} /> },
  { label: 'Status', render: ({ disabled_at }) => <ClientStatus disabledAt={disabled_at} /> }
]

export function ClientStatus({ disabledAt }: { disabledAt: string | null }) {
  return disabledAt ? <StatusBadge tone="bad">Disabled</StatusBadge> : <StatusBadge tone="good">Enabled</StatusBadge>
}

export function ClientsPage() {
  const pages = useCursorPages()
  const clients = useClients(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title="Clients"
      lead="Apps to which users sign in, and services that get tokens of their own."
      actions={<Button onClick={open}>New client</Button>}
    >
      <Section title="All clients">
        <QueryResult query={clients}>
          {({ clients: rows, next_cursor }) => (
            <>
              <DataTable
                label="Clients"
                columns={columns}
                rows={rows}
                keyOf={({ client_id }) => client_id}
                isLoading={clients.isPlaceholderData}
                empty="There is no client yet. “New client” registers one."
              />
              <Pager pages={pages} next={next_cursor} isLoading={clients.isPlaceholderData} of="clients" />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title="New client" size="lg" closeOnClickOutside={false}>
        <NewClient onClose={close} />
      </Modal>
    </Page>
  )
}
