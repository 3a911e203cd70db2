import { Alert, Anchor, Text } from '@mantine/core'
import { Link, useParams } from 'react-router'
import type { Client } from '../../api/types.ts'
import { DateTime } from '../../components/date-time.tsx'
import { Facts } from '../../components/facts.tsx'
import { QueryResult } from '../../components/query-result.tsx'
import { Page } from '../../layout/page.tsx'
import { Section } from '../../layout/section.tsx'
import { ChangeClient } from './change-client.tsx'
import { kindLabels, kindOf } from './client-kinds.ts'
import { ClientSecrets } from './client-secrets.tsx'
import { authMethodLabels, firstPartyClientId, hasSecret } from './client-terms.ts'
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
          All clients
        </Anchor>
      }
    >
      <QueryResult query={query} list={{ to: '/admin/clients', label: 'To the list of clients' }}>
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
          <Text size="sm">This client belongs to the issuer itself, and cannot be changed.</Text>
        </Alert>
      )}
      <Section title="Client" actions={!isFixed && <DisableClient client={client} />}>
        <Facts
          items={[
            ['Status', <ClientStatus key="status" disabledAt={client.disabled_at} />],
            ['Name', client.name],
            ...(kind && !isFixed ? [['What it is', kindLabels[kind]] as const] : []),
            [
              'Authentication',
              authMethodLabels[client.token_endpoint_auth_method] ?? client.token_endpoint_auth_method
            ],
            ['Created', <DateTime key="created" value={client.created_at} />],
            ...(isFixed || !kind ? [] : [['First token', <FirstToken key="token" client={client} />] as const])
          ]}
        />
        <div>
          <Anchor component={Link} to={`/admin/audit?client_id=${encodeURIComponent(client.client_id)}`} size="sm">
            Audit log of this client
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
    <span role="status">
      {first_token_at ? <DateTime value={first_token_at} /> : 'None seen yet. This page looks for it.'}
    </span>
  )
}
