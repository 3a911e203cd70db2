import { Anchor } from '@mantine/core'
import { Link, useParams } from 'react-router'
import type { Api } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { useApi } from './apis-api.ts'
import { ChangeApi } from './change-api.tsx'
import { DeleteApi } from './delete-api.tsx'

export function ApiPage() {
  const { id = '' } = useParams()
  return <ApiDetails key={id} id={id} />
}

function ApiDetails({ id }: { id: string }) {
  const query = useApi(id)
  return (
    <Page
      title={query.data?.name ?? 'API'}
      width="medium"
      actions={
        <Anchor component={Link} to="/admin/apis" size="sm">
          All APIs
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/apis', label: 'To the list of APIs' }}>
        {(api) => (
          <>
            <ApiFacts api={api} />
            <ChangeApi api={api} />
          </>
        )}
      </QueryResult>
    </Page>
  )
}

function ApiFacts({ api }: { api: Api }) {
  return (
    <Section title="API" actions={<DeleteApi api={api} />}>
      <Facts
        items={[
          ['Identifier', <code key="identifier">{api.identifier}</code>],
          ['Created', <DateTime key="created" value={api.created_at} />]
        ]}
      />
    </Section>
  )
}
