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
import { say } from '../../texts/say.ts'
import { labelOfMethod } from './client-terms.ts'
import { useClients } from './clients-api.ts'
import { NewClient } from './new-client.tsx'

const columns = (): Column<Client>[] => [
  {
    label: say('admin.clients.one'),
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
    label: say('admin.clients.authentication'),
    render: (client) => labelOfMethod(client.token_endpoint_auth_method)
  },
  { label: say('admin.common.scopes'), render: ({ scopes }) => scopes.join(', ') || '–' },
  { label: say('admin.common.created'), render: ({ created_at }) => <DateTime value={created_at} /> },
  { label: say('admin.common.status'), render: ({ disabled_at }) => <ClientStatus disabledAt={disabled_at} /> }
]

export function ClientStatus({ disabledAt }: { disabledAt: string | null }) {
  return disabledAt ? (
    <StatusBadge tone="bad">{say('admin.common.isDisabled')}</StatusBadge>
  ) : (
    <StatusBadge tone="good">{say('admin.common.isEnabled')}</StatusBadge>
  )
}

export function ClientsPage() {
  const pages = useCursorPages()
  const clients = useClients(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title={say('admin.clients.title')}
      lead={say('admin.clients.lead')}
      actions={<Button onClick={open}>{say('admin.clients.new')}</Button>}
    >
      <Section title={say('admin.clients.all')}>
        <QueryResult query={clients}>
          {({ clients: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.clients.title')}
                columns={columns()}
                rows={rows}
                keyOf={({ client_id }) => client_id}
                isLoading={clients.isPlaceholderData}
                empty={say('admin.clients.empty')}
              />
              <Pager
                pages={pages}
                next={next_cursor}
                isLoading={clients.isPlaceholderData}
                of={say('admin.clients.list')}
              />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title={say('admin.clients.new')} size="lg" closeOnClickOutside={false}>
        <NewClient onClose={close} />
      </Modal>
    </Page>
  )
}
