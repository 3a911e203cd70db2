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
import { NewRole } from './new-role.tsx'
import { useRoles } from './roles-api.ts'

const columns: Column<Role>[] = [
  {
    label: 'Role',
    render: ({ name }) => (
      <Anchor component={Link} to={`/admin/roles/${encodeURIComponent(name)}`} fw={600} size="sm">
        {name}
      </Anchor>
    )
  },
  { label: 'Description', render: ({ description }) => description || '–' },
  { label: 'Scopes', render: ({ scopes }) => [...new Set(scopes.map(({ scope }) => scope))].join(', ') || '–' },
  { label: 'Created', render: ({ created_at }) => <DateTime value={created_at} /> }
]

export function RolesPage() {
  const pages = useCursorPages()
  const roles = useRoles(pages.cursor)
  const [isOpen, { open, close }] = useDisclosure()
  return (
    <Page
      title="Roles"
      lead="What users may do at APIs: a user’s token has the scopes that the user’s roles hold there."
      actions={<Button onClick={open}>New role</Button>}
    >
      <Section title="All roles">
        <QueryResult query={roles}>
          {({ roles: rows, next_cursor }) => (
            <>
              <DataTable
                label="Roles"
                columns={columns}
                rows={rows}
                keyOf={({ name }) => name}
                isLoading={roles.isPlaceholderData}
                empty="There is no role on this page."
              />
              <Pager pages={pages} next={next_cursor} isLoading={roles.isPlaceholderData} of="roles" />
            </>
          )}
        </QueryResult>
      </Section>
      <Modal opened={isOpen} onClose={close} title="New role" size="lg" closeOnClickOutside={false}>
        <NewRole onClose={close} />
      </Modal>
    </Page>
  )
}
