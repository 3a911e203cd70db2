import { Skeleton, Stack } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorAlert } from './error-alert.tsx'

interface QueryResultProps<T> {
  query: UseQueryResult<T>
  children: (data: T) => ReactNode
}

/** What was asked for, or that it is on its way, or why it is not here. An answer from before stays beside an error. */
export function QueryResult<T>({ query, children }: QueryResultProps<T>) {
  const { data, error, isError, isFetching, refetch } = query
  if (data === undefined && !isError) return <Placeholder />
  return (
    <>
      {isError && <ErrorAlert error={error} onRetry={refetch} isRetrying={isFetching} />}
      {data !== undefined && children(data)}
    </>
  )
}

function Placeholder() {
  return (
    <Stack gap="sm" role="status" aria-label="Loading">
      <Skeleton h={18} w="60%" />
      <Skeleton h={18} w="80%" />
      <Skeleton h={18} w="45%" />
    </Stack>
  )
}
