import { Anchor, Button, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link } from 'react-router'
import type { Api } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { useApis } from './apis-api.ts'
import { NewApi } from './new-api.tsx'

const columns: Column<Api>[] = [
  {
    label: 'API',
    render: ({ id, identifier, name }) => (
      <>
        <Anchor component={Link} to={`/admin/apis/${id}`} fw={600} size="sm">
          {name}
        </Anchor>
        {name !== identifier && (
          <Text size="sm" c="dimmed">
            {identifier}
          </Text>
        )}
      </>
    )
  },
  { label: 'Scopes', render: ({ scopes }) => scopes.map(({ name }) => name).join(', ') || '–' },
  { label: 'Tokens name roles', render: ({ carries_roles }) => (carries_roles ? 'Yes' : 'No') },
  { label: 'Created', render: ({ created_at }) => <DateTime value={created_at} /> }
]

export function ApisPage() {
  const pages = useCursorPages()
  const apis = useApis(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title="APIs"
      lead="What access tokens are for, and the scopes that roles hold there."
      actions={<Button onClick={open}>New API</Button>}
    >
      <Section title="All APIs">
        <QueryResult query={apis}>
          {({ apis: rows, next_cursor }) => (
            <>
              <DataTable
                label="APIs"
                columns={columns}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={apis.isPlaceholderData}
                empty="There is no API yet. “New API” registers one."
              />
              <Pager pages={pages} next={next_cursor} isLoading={apis.isPlaceholderData} of="APIs" />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title="New API" size="lg" closeOnClickOutside={false}>
        <NewApi onClose={close} />
      </Modal>
    </Page>
  )
}
