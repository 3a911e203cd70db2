import { useQuery } from '@tanstack/react-query'
import { request } from '../api/request.ts'

type Registration = 'open' | 'closed'

/**
 * Whether registration is open; `undefined` until that is known. If it cannot be known, it counts as open: the response to the
 * form then says whether it is.
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
