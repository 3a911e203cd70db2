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
import { say } from '../../texts/say.ts'
import { useApis } from './apis-api.ts'
import { NewApi } from './new-api.tsx'

const columns = (): Column<Api>[] => [
  {
    label: say('admin.apis.one'),
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
  { label: say('admin.common.scopes'), render: ({ scopes }) => scopes.map(({ name }) => name).join(', ') || '–' },
  {
    label: say('admin.apis.namesRoles'),
    render: ({ carries_roles }) => (carries_roles ? say('admin.apis.yes') : say('admin.apis.no'))
  },
  { label: say('admin.common.created'), render: ({ created_at }) => <DateTime value={created_at} /> }
]

export function ApisPage() {
  const pages = useCursorPages()
  const apis = useApis(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title={say('admin.apis.title')}
      lead={say('admin.apis.lead')}
      actions={<Button onClick={open}>{say('admin.apis.new')}</Button>}
    >
      <Section title={say('admin.apis.all')}>
        <QueryResult query={apis}>
          {({ apis: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.apis.title')}
                columns={columns()}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={apis.isPlaceholderData}
                empty={say('admin.apis.empty')}
              />
              <Pager pages={pages} next={next_cursor} isLoading={apis.isPlaceholderData} of={say('admin.apis.title')} />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title={say('admin.apis.new')} size="lg" closeOnClickOutside={false}>
        <NewApi onClose={close} />
      </Modal>
    </Page>
  )
}
