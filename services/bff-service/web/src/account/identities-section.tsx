import { Alert, Button, Group, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useLocation } from 'react-router'
import { request } from '../api/request.ts'
import type { LinkedIdentity } from '../api/types.ts'
import { ErrorAlert } from '../components/error-alert.tsx'
import { IdentityTable } from '../components/identity-table.tsx'
import { QueryResult } from '../components/query-result.tsx'
import { UnlinkButton } from '../forms/unlink-button.tsx'
import { Section } from '../layout/section.tsx'
import { ProviderProblem } from '../session/provider-buttons.tsx'
import { identitiesKey, useGoToProvider, useIdentities, useProviders } from '../session/providers-api.ts'
import { say } from '../texts/say.ts'

/** Sign-in with others: what is linked, and what can be. Nothing where there is neither. */
export function IdentitiesSection() {
  const providers = useProviders()
  const identities = useIdentities()
  if (providers.length === 0 && !identities.data?.identities.length) return null
  return (
    <Section title={say('identities.title')} lead={say('identities.lead')}>
      <LinkNotice />
      <QueryResult query={identities}>
        {({ identities: rows }) => (
          <IdentityTable identities={rows} unlink={(identity) => <UnlinkOwn identity={identity} />} />
        )}
      </QueryResult>
      <LinkButtons />
    </Section>
  )
}

/** What the browser has come back with. */
function LinkNotice() {
  const { search } = useLocation()
  const linked = new URLSearchParams(search).get('linked')
  if (linked === null) return <ProviderProblem />
  return (
    <Alert color="green" role="status">
      <Text size="sm">{say('identities.linked')}</Text>
    </Alert>
  )
}

function LinkButtons() {
  const providers = useProviders()
  const go = useGoToProvider()
  return (
    <>
      <Group gap="sm">
        {providers.map(({ id, name }) => (
          <Button
            key={id}
            variant="default"
            loading={go.isPending && go.variables.id === id}
            disabled={go.isPending && go.variables.id !== id}
            onClick={() => go.mutate({ id, purpose: 'link' })}
          >
            {say('identities.link', { name })}
          </Button>
        ))}
      </Group>
      {go.isError && <ErrorAlert error={go.error} />}
    </>
  )
}

function UnlinkOwn({ identity }: { identity: LinkedIdentity }) {
  const client = useQueryClient()
  const unlink = useMutation({
    mutationFn: (id: string) => request(`/account/auth/me/identities/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    // Not awaited: the row and its button go with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: identitiesKey })
    }
  })
  return (
    <UnlinkButton
      identity={identity}
      title={say('identities.unlinkTitle', { name: identity.provider.name })}
      unlink={unlink}
    >
      {say('identities.unlinkText')}
    </UnlinkButton>
  )
}
