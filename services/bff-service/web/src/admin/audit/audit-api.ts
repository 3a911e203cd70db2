import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { AuditPage } from '../../api/types.ts'
import type { AuditFilter } from './audit-filter.ts'

export function useAuditEvents(filter: AuditFilter, cursor: string | undefined) {
  return useQuery({
    queryKey: ['admin', 'audit', filter, cursor],
    queryFn: ({ signal }) =>
      request<AuditPage>('/account/admin/audit', { query: { ...filter, cursor, limit: 25 }, signal }),
    placeholderData: keepPreviousData
  })
}
