import { useQuery } from '@tanstack/react-query'
import { request } from '../api/request.ts'

type Registration = 'open' | 'closed'

/**
 * Whether people can register themselves; `undefined` until that is known. Where it cannot be known it counts as open: the
 * answer to the form says so then.
 */
export function useRegistration(): Registration | undefined {
  const { data, isError } = useQuery({
    queryKey: ['registration'],
    queryFn: ({ signal }) => request<{ registration: Registration }>('/bff/registration', { signal }),
    staleTime: 60_000,
    retry: false
  })
  return isError ? 'open' : data?.registration
}
