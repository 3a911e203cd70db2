import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { Invitation, InvitationPage, NewInvitation } from '../../api/types.ts'

const invitationsKey = ['admin', 'invitations'] as const

export function useInvitations(cursor: string | undefined) {
  return useQuery({
    queryKey: [...invitationsKey, cursor],
    queryFn: ({ signal }) =>
      request<InvitationPage>('/account/admin/invitations', { query: { cursor, limit: 20 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useInvite() {
  return useInvitationChange((body: NewInvitation) =>
    request<Invitation>('/account/admin/invitations', { method: 'POST', body })
  )
}

export function useSendAgain() {
  return useInvitationChange((id: string) => request<Invitation>(`${pathOf(id)}/send`, { method: 'POST' }))
}

export function useWithdraw() {
  return useInvitationChange((id: string) => request(pathOf(id), { method: 'DELETE' }))
}

function useInvitationChange<Variables, Result>(mutationFn: (variables: Variables) => Promise<Result>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn,
    // Not awaited: the row and its button go with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: invitationsKey })
    }
  })
}

function pathOf(id: string): string {
  return `/account/admin/invitations/${encodeURIComponent(id)}`
}
