import { Alert, Button, Stack, Text } from '@mantine/core'
import { isAway, isSessionEnd, issueSentencesOf, messageOf } from '../api/api-error.ts'
import classes from './error-alert.module.css'

interface ErrorAlertProps {
  error: unknown
  /** Replaces the sentence that the error comes with. */
  message?: string | undefined
  onRetry?: () => unknown
  isRetrying?: boolean
}

export function ErrorAlert({ error, message, onRetry, isRetrying = false }: ErrorAlertProps) {
  // Its own page or dialog says so, and signing in again makes it untrue.
  if (isSessionEnd(error)) return null
  const issues = issueSentencesOf(error)
  return (
    <Alert color={isAway(error) ? 'yellow' : 'red'} variant="light">
      <Stack gap="sm" align="flex-start">
        <Text size="sm" c="var(--mantine-color-text)">
          {message ?? messageOf(error)}
        </Text>
        {issues.length > 0 && (
          <ul className={classes.issues}>
            {issues.map((issue) => (
              <li key={issue}>{issue}</li>
            ))}
          </ul>
        )}
        {onRetry && (
          <Button size="xs" variant="default" loading={isRetrying} onClick={() => onRetry()}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
