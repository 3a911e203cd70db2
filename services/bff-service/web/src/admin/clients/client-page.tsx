import { Alert, Anchor, Text } from '@mantine/core'
import { Link, useParams } from 'react-router'
import type { Client } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { say } from '../../texts/say.ts'
import { ChangeClient } from './change-client.tsx'
import { kindLabels, kindOf } from './client-kinds.ts'
import { ClientSecrets } from './client-secrets.tsx'
import { firstPartyClientId, hasSecret, labelOfMethod } from './client-terms.ts'
import { useClient } from './clients-api.ts'
import { ClientStatus } from './clients-page.tsx'
import { DisableClient } from './disable-client.tsx'
import { SetupSection } from './setup.tsx'

export function ClientPage() {
  const { clientId = '' } = useParams()
  const query = useClient(clientId)
  return (
    <Page
      key={clientId}
      title={clientId}
      width="medium"
      actions={
        <Anchor component={Link} to="/admin/clients" size="sm">
          {say('admin.clients.all')}
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/clients', label: say('admin.clients.toList') }}>
        {(client) => <ClientDetails client={client} />}
      </QueryResult>
    </Page>
  )
}

function ClientDetails({ client }: { client: Client }) {
  const isFixed = client.client_id === firstPartyClientId
  const kind = kindOf(client)
  return (
    <>
      {isFixed && (
        <Alert color="brand" role="note">
          <Text size="sm">{say('admin.clients.builtIn')}</Text>
        </Alert>
      )}
      <Section title={say('admin.clients.one')} actions={!isFixed && <DisableClient client={client} />}>
        <Facts
          items={[
            [say('admin.common.status'), <ClientStatus key="status" disabledAt={client.disabled_at} />],
            [say('admin.common.name'), client.name],
            ...(kind && !isFixed ? [[say('admin.clients.kind'), say(kindLabels[kind])] as const] : []),
            [say('admin.clients.authentication'), labelOfMethod(client.token_endpoint_auth_method)],
            [say('admin.common.created'), <DateTime key="created" value={client.created_at} />],
            ...(isFixed || !kind
              ? []
              : [[say('admin.clients.firstToken'), <FirstToken key="token" client={client} />] as const])
          ]}
        />
        <div>
          <Anchor component={Link} to={`/admin/audit?client_id=${encodeURIComponent(client.client_id)}`} size="sm">
            {say('admin.clients.audit')}
          </Anchor>
        </div>
      </Section>
      {!isFixed && <SetupSection client={client} />}
      {hasSecret(client.token_endpoint_auth_method) && !isFixed && <ClientSecrets client={client} />}
      <ChangeClient client={client} isDisabled={isFixed} />
    </>
  )
}

/** When the client got its first token: the sign that it is set up right. */
function FirstToken({ client: { first_token_at } }: { client: Client }) {
  return (
    <span role="status">{first_token_at ? <DateTime value={first_token_at} /> : say('admin.clients.noToken')}</span>
  )
}
