import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { DeadMailPage } from '../../api/types.ts'

const mailKey = ['admin', 'mail'] as const

export function useDeadMail(cursor: string | undefined) {
  return useQuery({
    queryKey: [...mailKey, cursor],
    queryFn: ({ signal }) => request<DeadMailPage>('/account/admin/mail', { query: { cursor, limit: 20 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useRetryMail() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request(`/account/admin/mail/${encodeURIComponent(id)}/retry`, { method: 'POST' }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: mailKey })
    }
  })
}
