import { Button } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ApiIdentity } from '../api/types.ts'
import { Facts } from '../components/facts.tsx'
import { QueryResult } from '../components/query-result.tsx'
import { Section } from '../layout/section.tsx'
import { say } from '../texts/say.ts'
import { useApiIdentity } from './account-api.ts'

/**
 * Shows that the example API accepts the session, and which user it sees. An API of your own has no such route, and this
 * section is not shown.
 */
export function ApiAccessSection() {
  const identity = useApiIdentity()
  return identity.data ? <ApiAccess identity={identity as UseQueryResult<ApiIdentity>} /> : null
}

function ApiAccess({ identity }: { identity: UseQueryResult<ApiIdentity> }) {
  return (
    <Section
      title={say('api.title')}
      lead={say('api.lead')}
      actions={
        <Button variant="default" size="xs" loading={identity.isFetching} onClick={() => identity.refetch()}>
          {say('api.again')}
        </Button>
      }
    >
      <QueryResult query={identity}>
        {({ username, scope, session_id }) => (
          <Facts
            items={[
              [say('api.knownAs'), username],
              [say('api.scope'), scope],
              [say('api.session'), <code key="session">{session_id}</code>]
            ]}
          />
        )}
      </QueryResult>
    </Section>
  )
}
