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
import { say } from '../../texts/say.ts'
import { UserSearch } from './user-search.tsx'
import { useUsers } from './users-api.ts'

const columns = (): Column<User>[] => [
  {
    label: say('admin.common.username'),
    render: ({ id, username }) => (
      <Anchor component={Link} to={`/admin/users/${id}`} fw={600} size="sm">
        {username}
      </Anchor>
    )
  },
  { label: say('admin.common.email'), render: ({ email }) => email ?? '–' },
  { label: say('admin.users.roles'), render: ({ roles }) => <Roles roles={roles} /> },
  { label: say('admin.common.created'), render: ({ created_at }) => <DateTime value={created_at} /> },
  { label: say('admin.common.status'), render: (user) => <UserStatus user={user} /> }
]

export function UserStatus({ user }: { user: User }) {
  if (user.disabled_at) return <StatusBadge tone="bad">{say('admin.common.isDisabled')}</StatusBadge>
  if (user.deletion_at) return <StatusBadge tone="caution">{say('admin.users.leaving')}</StatusBadge>
  return <StatusBadge tone="good">{say('admin.common.isEnabled')}</StatusBadge>
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
      title={say('admin.users.title')}
      actions={
        <Group gap="sm">
          <Button component={Link} to="/admin/invitations" variant="default">
            {say('admin.invitations.title')}
          </Button>
          <Button component={Link} to="/admin/providers" variant="default">
            {say('admin.providers.title')}
          </Button>
        </Group>
      }
    >
      <UserSearch search={search} onSearch={change} />
      <Section title={search ? say('admin.users.found', { search }) : say('admin.users.all')}>
        <QueryResult query={users}>
          {({ users: rows, next_cursor }) => (
            <>
              <DataTable
                label={say('admin.users.title')}
                columns={columns()}
                rows={rows}
                keyOf={({ id }) => id}
                isLoading={users.isPlaceholderData}
                empty={search ? say('admin.users.foundNone') : say('admin.users.empty')}
              />
              <Pager
                pages={pages}
                next={next_cursor}
                isLoading={users.isPlaceholderData}
                of={say('admin.users.list')}
              />
            </>
          )}
        </QueryResult>
      </Section>
    </Page>
  )
}
