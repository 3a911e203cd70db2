import { DateTime } from '../components/date-time.tsx'
import { Facts } from '../components/facts.tsx'
import { QueryResult } from '../components/query-result.tsx'
import { Roles } from '../components/roles.tsx'
import { Section } from '../layout/section.tsx'
import { useOwnProfile } from './account-api.ts'
import { ChangeUsername } from './change-username.tsx'

export function ProfileSection() {
  const profile = useOwnProfile()
  return (
    <Section title="Profile" actions={<ChangeUsername />}>
      <QueryResult query={profile}>
        {({ username, email, email_verified, roles, created_at }) => (
          <Facts
            items={[
              ['Username', username],
              ['E-mail', email === null ? 'none' : `${email}${email_verified ? ' (confirmed)' : ''}`],
              ['Roles', <Roles key="roles" roles={roles} />],
              ['Member since', <DateTime key="created" value={created_at} />]
            ]}
          />
        )}
      </QueryResult>
    </Section>
  )
}
