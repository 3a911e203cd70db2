import { Button, Paper, Stack, Text } from '@mantine/core'
import { useEffect } from 'react'
import { ClientBadge } from '../components/client-badge.tsx'
import { ErrorAlert } from '../components/error-alert.tsx'
import { Page } from '../layout/page.tsx'
import { say } from '../texts/say.ts'
import { useChangeAccount, useDecide } from './authorization-api.ts'
import type { DecisionProps } from './consent.tsx'
import { Leaving, Quiet } from './quiet.tsx'

/** Asks with which account to go on, as the app wishes. */
export function AccountChoice({
  id,
  asked,
  claimed: { client, username },
  isMade
}: DecisionProps & { isMade: boolean }) {
  const decide = useDecide(id)
  const { mutate } = decide
  useEffect(() => {
    if (isMade) mutate('allow')
  }, [isMade, mutate])
  const change = useChangeAccount(id)
  if (decide.data) return <Leaving to={decide.data.complete_url} asked={asked} />
  if (isMade && !decide.isError) return <Quiet />
  return (
    <Page title={say('chooseAccount.title')} width="narrow">
      <Paper withBorder radius="lg" p={{ base: 'md', sm: 'xl' }}>
        <Stack>
          <ClientBadge name={client.name} logo={client.logo_uri}>
            <Text>{say('authorize.signIn', { name: client.name })}</Text>
          </ClientBadge>
          <Button
            fullWidth
            loading={decide.isPending}
            disabled={change.isPending}
            onClick={() => decide.mutate('allow')}
          >
            {say('chooseAccount.continue', { name: username })}
          </Button>
          <Button
            fullWidth
            variant="default"
            loading={change.isPending}
            disabled={decide.isPending}
            onClick={() => change.mutate()}
          >
            {say('authorize.useOther')}
          </Button>
          {decide.isError && <ErrorAlert error={decide.error} />}
          {change.isError && <ErrorAlert error={change.error} />}
        </Stack>
      </Paper>
    </Page>
  )
}
