import { Anchor, Button, Group, Paper, Stack, Text } from '@mantine/core'
import type { AuthorizationRequest, ClaimedAuthorizationRequest, RequestingClient } from '../api/types.ts'
import { ClientBadge } from '../components/client-badge.tsx'
import { ErrorAlert } from '../components/error-alert.tsx'
import { ScopeList } from '../components/scope-list.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { useChangeAccount, useDecide } from './authorization-api.ts'
import { Leaving } from './quiet.tsx'

export interface DecisionProps {
  id: string
  asked: AuthorizationRequest
  claimed: ClaimedAuthorizationRequest
}

/** Asks whether the app may have what it asks for. */
export function Consent({ id, asked, claimed }: DecisionProps) {
  const decide = useDecide(id)
  const { client, redirect_host: host, scopes } = claimed
  const { name } = client
  if (decide.data) return <Leaving to={decide.data.complete_url} asked={asked} />
  const isDeciding = (decision: 'allow' | 'deny') => decide.isPending && decide.variables === decision
  return (
    <Page title={say('consent.title', { name })} width="narrow">
      <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
        <Stack>
          <ClientBadge name={name} logo={client.logo_uri}>
            <Text fw={600}>{name}</Text>
            <Text size="sm">
              {say('consent.host')}{' '}
              <Text span size="sm" fw={600}>
                {host}
              </Text>
            </Text>
          </ClientBadge>
          <div>
            <Text size="sm" mb="xs">
              {say('consent.asks', { name })}
            </Text>
            <ScopeList scopes={scopes} />
          </div>
          <WhoIsSignedIn id={id} username={claimed.username} />
          <Policies client={client} />
          {decide.isError && <ErrorAlert error={decide.error} />}
          <Group grow>
            <Button
              variant="default"
              loading={isDeciding('deny')}
              disabled={isDeciding('allow')}
              onClick={() => decide.mutate('deny')}
            >
              {say('consent.deny')}
            </Button>
            <Button loading={isDeciding('allow')} disabled={isDeciding('deny')} onClick={() => decide.mutate('allow')}>
              {say('consent.allow')}
            </Button>
          </Group>
        </Stack>
      </Paper>
      <Text size="sm" c="dimmed">
        {say('consent.later')}
      </Text>
    </Page>
  )
}

function WhoIsSignedIn({ id, username }: { id: string; username: string }) {
  const change = useChangeAccount(id)
  return (
    <div>
      <Text size="sm">
        {say('shell.signedInAs', { name: username })}.{' '}
        <Anchor
          component="button"
          type="button"
          size="sm"
          underline="always"
          disabled={change.isPending}
          onClick={() => change.mutate()}
        >
          {say('consent.notYou')}
        </Anchor>
      </Text>
      {change.isError && <ErrorAlert error={change.error} />}
    </div>
  )
}

function Policies({ client: { name, policy_uri, tos_uri } }: { client: RequestingClient }) {
  const links = [
    { href: policy_uri, text: say('consent.policy', { name }) },
    { href: tos_uri, text: say('consent.terms', { name }) }
  ]
  return links.map(
    ({ href, text }) =>
      href?.startsWith('https://') && (
        <Text key={text} size="sm">
          <Anchor href={href} target="_blank" rel="noopener noreferrer" underline="always" size="sm">
            {text}
          </Anchor>
        </Text>
      )
  )
}
