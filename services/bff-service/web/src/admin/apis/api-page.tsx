import { Anchor } from '@mantine/core'
import { Link, useParams } from 'react-router'
import type { Api } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
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
      title={query.data?.name ?? say('admin.apis.one')}
      width="medium"
      actions={
        <Anchor component={Link} to="/admin/apis" size="sm">
          {say('admin.apis.all')}
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/apis', label: say('admin.apis.toList') }}>
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
    <Section title={say('admin.apis.one')} actions={<DeleteApi api={api} />}>
      <Facts
        items={[
          [say('admin.apis.identifier'), <code key="identifier">{api.identifier}</code>],
          [say('admin.common.created'), <DateTime key="created" value={api.created_at} />]
        ]}
      />
    </Section>
  )
}
