import { Alert, Button, Skeleton, Stack, Text } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { isMissing, messageOf } from '../api/api-error.ts'
import { say } from '../texts/say.ts'
import { ErrorAlert } from './error-alert.tsx'

interface QueryResultProps<T> {
  query: UseQueryResult<T>
  /** The list of existing items, offered when this one does not exist. */
  list?: { to: string; label: string }
  children: (data: T) => ReactNode
}

/** The result, or that it is loading, or why it is missing. An earlier result stays beside an error. */
export function QueryResult<T>({ query, list, children }: QueryResultProps<T>) {
  const { data, error, isError, isFetching, refetch } = query
  if (data === undefined && !isError) return <Placeholder />
  if (list && isMissing(error)) return <Missing message={messageOf(error)} {...list} />
  return (
    <>
      {isError && <ErrorAlert error={error} onRetry={refetch} isRetrying={isFetching} />}
      {data !== undefined && children(data)}
    </>
  )
}

function Missing({ message, to, label }: { message: string; to: string; label: string }) {
  return (
    <Alert color="yellow">
      <Stack gap="sm" align="flex-start">
        <Text size="sm" c="var(--mantine-color-text)">
          {message}
        </Text>
        <Button component={Link} to={to} size="xs" variant="default">
          {label}
        </Button>
      </Stack>
    </Alert>
  )
}

function Placeholder() {
  return (
    <Stack gap="sm" role="status" aria-label={say('common.loading')}>
      <Skeleton h={18} w="60%" />
      <Skeleton h={18} w="80%" />
      <Skeleton h={18} w="45%" />
    </Stack>
  )
}
