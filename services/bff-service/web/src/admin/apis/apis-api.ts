import { keepPreviousData, type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { Api, ApiChange, ApiPage, ChangedApi, NewApi } from '../../api/types.ts'
import { readWholeList } from '../../api/whole-list.ts'

const apisKey = ['admin', 'apis'] as const

function pathOf(id: string): string {
  return `/account/admin/apis/${encodeURIComponent(id)}`
}

/** Roles are read again too: an API that changes takes scopes from them. */
function refresh(client: QueryClient): void {
  void client.invalidateQueries({ queryKey: apisKey })
  void client.invalidateQueries({ queryKey: ['admin', 'roles'] })
}

export function useApis(cursor: string | undefined) {
  return useQuery({
    queryKey: [...apisKey, 'list', cursor],
    queryFn: ({ signal }) => request<ApiPage>('/account/admin/apis', { query: { cursor, limit: 20 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useApi(id: string) {
  return useQuery({
    queryKey: [...apisKey, 'one', id],
    queryFn: ({ signal }) => request<Api>(pathOf(id), { signal })
  })
}

export function useCreateApi() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewApi) => request<Api>('/account/admin/apis', { method: 'POST', body }),
    onSettled: () => refresh(client)
  })
}

export function useChangeApi(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ApiChange) => request<ChangedApi>(pathOf(id), { method: 'PATCH', body }),
    onSettled: () => refresh(client)
  })
}

/** Deletes the API; its page is left, and not read again. */
export function useDeleteApi(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (endsSessions: boolean) =>
      request(pathOf(id), { method: 'DELETE', query: { end_sessions: String(endsSessions) } }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: [...apisKey, 'list'] })
      void client.invalidateQueries({ queryKey: [...apisKey, 'all'] })
      void client.invalidateQueries({ queryKey: ['admin', 'roles'] })
    }
  })
}

/** APIs with their scopes, to choose from. */
export function useAllApis() {
  return useQuery({
    queryKey: [...apisKey, 'all'],
    queryFn: ({ signal }) =>
      readWholeList(async (cursor) => {
        const query = { cursor, limit: 100 }
        const { apis, next_cursor } = await request<ApiPage>('/account/admin/apis', { query, signal })
        return { items: apis, next: next_cursor }
      })
  })
}
