import { Group } from '@mantine/core'
import { DateTime } from '../components/date-time.tsx'
import { Facts } from '../components/facts.tsx'
import { QueryResult } from '../components/query-result.tsx'
import { Roles } from '../components/roles.tsx'
import { Section } from '../layout/section.tsx'
import { say } from '../texts/say.ts'
import { useOwnProfile } from './account-api.ts'
import { ChangeOwnDisplayName } from './change-own-display-name.tsx'
import { ChangeUsername } from './change-username.tsx'

export function ProfileSection() {
  const profile = useOwnProfile()
  return (
    <Section
      title={say('account.profile')}
      actions={
        <Group gap="xs">
          <ChangeOwnDisplayName />
          <ChangeUsername />
        </Group>
      }
    >
      <QueryResult query={profile}>
        {({ username, display_name, email, email_verified, roles, created_at }) => (
          <Facts
            items={[
              [say('account.displayName'), display_name ?? say('common.none')],
              [say('fields.username'), username],
              [say('account.email'), emailText(email, email_verified)],
              [say('account.roles'), <Roles key="roles" roles={roles} />],
              [say('account.since'), <DateTime key="created" value={created_at} />]
            ]}
          />
        )}
      </QueryResult>
    </Section>
  )
}

function emailText(email: string | null, isVerified: boolean): string {
  if (email === null) return say('common.none')
  return isVerified ? say('account.confirmed', { email }) : email
}
