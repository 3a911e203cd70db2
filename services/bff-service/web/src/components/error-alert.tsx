import { Alert, Button, Stack, Text } from '@mantine/core'
import { isSessionEnd, isUnavailable, messageOf } from '../api/api-error.ts'
import { say } from '../texts/say.ts'

interface ErrorAlertProps {
  error: unknown
  /** Replaces the sentence of the error. */
  message?: string | undefined
  onRetry?: () => unknown
  isRetrying?: boolean
}

export function ErrorAlert({ error, message, onRetry, isRetrying = false }: ErrorAlertProps) {
  // Its own page or dialog says so, and signing in again makes it untrue.
  if (isSessionEnd(error)) return null
  return (
    <Alert color={isUnavailable(error) ? 'yellow' : 'red'} variant="light">
      <Stack gap="sm" align="flex-start">
        <Text size="sm" c="var(--mantine-color-text)">
          {message ?? messageOf(error)}
        </Text>
        {onRetry && (
          <Button size="xs" variant="default" loading={isRetrying} onClick={() => onRetry()}>
            {say('common.tryAgain')}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
