import { Button, Group, Stack, Text } from '@mantine/core'
import { ErrorAlert } from '../../components/error-alert.tsx'
import { say } from '../../texts/say.ts'
import { useReplaceSecret } from './clients-api.ts'
import { NewSecret } from './setup.tsx'

/** Shows that a registered client's secret was lost with the response, and makes another one. */
export function LostSecret({ clientId, onClose }: { clientId: string; onClose: () => void }) {
  const replace = useReplaceSecret(clientId)
  if (replace.data?.client_secret) return <NewSecret client={replace.data} onClose={onClose} />
  return (
    <Stack>
      <Text size="sm">{say('admin.clients.lostSecret', { id: clientId })}</Text>
      {replace.error && <ErrorAlert error={replace.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} disabled={replace.isPending}>
          {say('admin.clients.later')}
        </Button>
        <Button loading={replace.isPending} onClick={() => replace.mutate()}>
          {say('admin.clients.makeSecret')}
        </Button>
      </Group>
    </Stack>
  )
}
