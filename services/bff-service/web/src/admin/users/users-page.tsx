import { Anchor, Button, Group } from '@mantine/core'
import { Link, useSearchParams } from 'react-router'
import type { User } from '../../api/types.ts'
import { Pager, useCursorPages } from '../../components/cursor-pages.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { DateTime } from '../../components/date-time.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Roles } from '../../components/roles.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { UserSearch } from './user-search.tsx'
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
  { label: 'Status', render: (user) => <UserStatus user={user} /> }
]

export function UserStatus({ user }: { user: User }) {
  if (user.disabled_at) return <StatusBadge tone="bad">Disabled</StatusBadge>
  if (user.deletion_at) return <StatusBadge tone="caution">Leaving</StatusBadge>
  return <StatusBadge tone="good">Enabled</StatusBadge>
}

export function UsersPage() {
  const [params, setParams] = useSearchParams()
  const search = params.get('search') ?? ''
  const pages = useCursorPages()
  const users = useUsers(search, pages.cursor)
  // Each letter takes the place of the one before: Back leads to the page before this one.
  const change = (text: string) => setParams(text ? { search: text } : {}, { replace: true })
  return (
    <Page
      title="Users"
      actions={
        <Group gap="sm">
          <Button component={Link} to="/admin/invitations" variant="default">
            Invitations
          </Button>
          <Button component={Link} to="/admin/providers" variant="default">
            Sign-in with others
          </Button>
        </Group>
      }
    >
      <UserSearch search={search} onSearch={change} />
      <Section title={search ? `Users that “${search}” finds` : 'All users'}>
        <QueryResult query={users}>
          {({ users: rows, next_cursor }) => (
            <>
              <DataTable
                label="Users"
                columns={columns}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={users.isPlaceholderData}
                empty={
                  search
                    ? 'No part of a username or an e-mail address begins like this. Try fewer letters.'
                    : 'There is no user yet.'
                }
              />
              <Pager pages={pages} next={next_cursor} isLoading={users.isPlaceholderData} of="users" />
            </>
          )}
        </QueryResult>
      </Section>
    </Page>
  )
}
