import { Anchor, Group } from '@mantine/core'
import { Link, useParams } from 'react-router'
import type { User } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { ChangeUserDisplayName } from './change-user-display-name.tsx'
import { DeleteUser } from './delete-user.tsx'
import { DisableUser } from './disable-user.tsx'
import { RolesForm } from './roles-form.tsx'
import { UserCredentials } from './user-credentials.tsx'
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
      title={query.data?.username ?? say('admin.users.one')}
      width="medium"
      actions={
        <Anchor component={Link} to="/admin/users" size="sm">
          {say('admin.users.all')}
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/users', label: say('admin.users.toList') }}>
        {(user) => (
          <>
            <UserFacts user={user} />
            <RolesForm key={user.roles.join()} user={user} />
            <UserCredentials user={user} />
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
      title={say('admin.users.account')}
      actions={
        <Group gap="xs">
          <ChangeUserDisplayName user={user} />
          <DisableUser user={user} />
          <DeleteUser user={user} />
        </Group>
      }
    >
      <Facts
        items={[
          [say('admin.common.status'), <UserStatus key="status" user={user} />],
          ...(user.disabled_at
            ? [[say('admin.users.disabledSince'), <DateTime key="disabled" value={user.disabled_at} />] as const]
            : []),
          ...(user.deletion_at
            ? [[say('admin.users.deletionAt'), <DateTime key="deletion" value={user.deletion_at} />] as const]
            : []),
          [say('account.displayName'), user.display_name ?? say('admin.common.nothing')],
          [say('admin.common.email'), user.email ?? say('admin.common.nothing')],
          [say('admin.common.created'), <DateTime key="created" value={user.created_at} />],
          [say('admin.users.id'), <code key="id">{user.id}</code>]
        ]}
      />
      <div>
        <Anchor component={Link} to={`/admin/audit?user_id=${encodeURIComponent(user.id)}`} size="sm">
          {say('admin.users.audit')}
        </Anchor>
      </div>
    </Section>
  )
}
