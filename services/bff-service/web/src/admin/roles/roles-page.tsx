import { Anchor, Button, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Link } from 'react-router'
import type { Role } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { NewRole } from './new-role.tsx'
import { useRoles } from './roles-api.ts'

const columns = (): Column<Role>[] => [
  {
    label: say('admin.roles.one'),
    render: ({ name }) => (
      <Anchor component={Link} to={`/admin/roles/${encodeURIComponent(name)}`} fw={600} size="sm">
        {name}
      </Anchor>
    )
  },
  { label: say('admin.roles.description'), render: ({ description }) => description || '–' },
  {
    label: say('admin.common.scopes'),
    render: ({ scopes }) => [...new Set(scopes.map(({ scope }) => scope))].join(', ') || '–'
  },
  { label: say('admin.common.created'), render: ({ created_at }) => <DateTime value={created_at} /> }
]

export function RolesPage() {
  const pages = useCursorPages()
  const roles = useRoles(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title={say('admin.roles.title')}
      lead={say('admin.roles.lead')}
      actions={<Button onClick={open}>{say('admin.roles.new')}</Button>}
    >
      <Section title={say('admin.roles.all')}>
        <QueryResult query={roles}>
          {({ roles: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.roles.title')}
                columns={columns()}
                rows={rows}
                keyOf={({ name }) => name}
                isLoading={roles.isPlaceholderData}
                empty={say('admin.roles.empty')}
              />
              <Pager
                pages={pages}
                next={next_cursor}
                isLoading={roles.isPlaceholderData}
                of={say('admin.roles.list')}
              />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title={say('admin.roles.new')} size="lg" closeOnClickOutside={false}>
        <NewRole onClose={close} />
      </Modal>
    </Page>
  )
}
