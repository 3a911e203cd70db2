import { Anchor, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { Link } from 'react-router'
import type { User } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Roles } from '../../components/roles.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { useUsers } from './users-api.ts'

const columns: Column<User>[] = [
  {
    label: 'Username',
    render: ({ id, username }) => (
      <Anchor component={Link} to={`/admin/users/${id}`} fw={600} size="sm">
        {username}
      </Anchor>
    )
  },
  { label: 'E-mail', render: ({ email }) => email ?? '–' },
  { label: 'Roles', render: ({ roles }) => <Roles roles={roles} /> },
  { label: 'Created', render: ({ created_at }) => <DateTime value={created_at} /> },
  { label: 'Status', render: ({ disabled_at }) => <UserStatus disabledAt={disabled_at} /> }
]

export function UserStatus({ disabledAt }: { disabledAt: string | null }) {
  return disabledAt ? <StatusBadge tone="bad">Disabled</StatusBadge> : <StatusBadge tone="good">Enabled</StatusBadge>
}

export function UsersPage() {
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), 250)
  const pages = useCursorPages(search)
  const users = useUsers(search, pages.cursor)
  return (
    <Page title="Users">
      <search>
        <TextInput
          type="search"
          label="Search by username"
          description="The beginning of the name."
          leftSection={<IconSearch size={16} aria-hidden />}
          maw={360}
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </search>
      <Section title={search ? `Users whose names begin with “${search}”` : 'All users'}>
        <QueryResult query={users}>
          {({ users: rows, next_cursor }) => (
            <>
              <DataTable
                label="Users"
                columns={columns}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={users.isPlaceholderData}
                empty={search ? 'No username begins like this. Try fewer letters.' : 'There is no user yet.'}
              />
              <Pager pages={pages} next={next_cursor} isLoading={users.isPlaceholderData} of="users" />
            </>
          )}
        </QueryResult>
      </Section>
    </Page>
  )
}
