import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { Activity, ActivityWindow, Statistics } from '../../api/types.ts'

/** Both are asked for again only while the page is visible. */
const refreshMilliseconds = { hour: 10_000, day: 60_000 }

export function useStatistics() {
  return useQuery({
    queryKey: ['admin', 'statistics'],
    queryFn: ({ signal }) => request<Statistics>('/account/admin/statistics', { signal }),
    refetchInterval: refreshMilliseconds.hour
  })
}

export function useActivity(window: ActivityWindow) {
  return useQuery({
    queryKey: ['admin', 'activity', window],
    queryFn: ({ signal }) => request<Activity>('/account/admin/statistics/activity', { query: { window }, signal }),
    refetchInterval: refreshMilliseconds[window],
    placeholderData: keepPreviousData
  })
}
