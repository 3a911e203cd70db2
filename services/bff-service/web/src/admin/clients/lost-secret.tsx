import { Button, Group, Stack, Text } from '@mantine/core'
import { ErrorAlert } from '../../components/error-alert.tsx'
import { useReplaceSecret } from './clients-api.ts'
import { NewSecret } from './setup.tsx'

/** Shows that a registered client's secret was lost with the response, and makes another one. */
export function LostSecret({ clientId, onClose }: { clientId: string; onClose: () => void }) {
  const replace = useReplaceSecret(clientId)
  if (replace.data?.client_secret) return <NewSecret client={replace.data} onClose={onClose} />
  return (
    <Stack>
      <Text size="sm">
        The client {clientId} is registered, but the response with its secret was lost, and no page can show that
        secret. Make a new one, which takes its place.
      </Text>
      {replace.error && <ErrorAlert error={replace.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} disabled={replace.isPending}>
          Later
        </Button>
        <Button loading={replace.isPending} onClick={() => replace.mutate()}>
          Make a new secret
        </Button>
      </Group>
    </Stack>
  )
}
