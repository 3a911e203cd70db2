import { useQuery } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { Installation } from '../api/types.ts'

/** What settings need to know of this issuer. */
export function useInstallation() {
  return useQuery({
    queryKey: ['admin', 'installation'],
    queryFn: ({ signal }) => request<Installation>('/account/admin/installation', { signal }),
    staleTime: Number.POSITIVE_INFINITY
  })
}
