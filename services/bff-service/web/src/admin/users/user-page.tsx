import { Anchor, Group } from '@mantine/core'
import { Link, useParams } from 'react-router'
import type { User } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { DeleteUser } from './delete-user.tsx'
import { DisableUser } from './disable-user.tsx'
import { ResetSecondFactors } from './reset-second-factors.tsx'
import { RolesForm } from './roles-form.tsx'
import { UserSessions } from './user-sessions.tsx'
import { useUser } from './users-api.ts'
import { UserStatus } from './users-page.tsx'

export function UserPage() {
  const { id = '' } = useParams()
  return <UserDetails key={id} id={id} />
}

function UserDetails({ id }: { id: string }) {
  const query = useUser(id)
  return (
    <Page
      title={query.data?.username ?? 'User'}
      width="medium"
      actions={
        <Anchor component={Link} to="/admin/users" size="sm">
          All users
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/users', label: 'To the list of users' }}>
        {(user) => (
          <>
            <UserFacts user={user} />
            <RolesForm key={user.roles.join()} user={user} />
            <UserSessions user={user} />
          </>
        )}
      </QueryResult>
    </Page>
  )
}

function UserFacts({ user }: { user: User }) {
  return (
    <Section
      title="Account"
      actions={
        <Group gap="xs">
          <ResetSecondFactors user={user} />
          <DisableUser user={user} />
          <DeleteUser user={user} />
        </Group>
      }
    >
      <Facts
        items={[
          ['Status', <UserStatus key="status" user={user} />],
          ...(user.disabled_at
            ? [['Disabled since', <DateTime key="disabled" value={user.disabled_at} />] as const]
            : []),
          ...(user.deletion_at
            ? [['Will be deleted', <DateTime key="deletion" value={user.deletion_at} />] as const]
            : []),
          ['E-mail', user.email ?? 'none'],
          ['Created', <DateTime key="created" value={user.created_at} />],
          ['Id', <code key="id">{user.id}</code>]
        ]}
      />
      <div>
        <Anchor component={Link} to={`/admin/audit?user_id=${encodeURIComponent(user.id)}`} size="sm">
          Audit log of this user
        </Anchor>
      </div>
    </Section>
  )
}
