import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../../api/request.ts'
import type { SessionPage, User, UserChange, UserCredentials, UserPage } from '../../api/types.ts'

const usersKey = ['admin', 'users'] as const

function pathOf(id: string): string {
  return `/account/admin/users/${encodeURIComponent(id)}`
}

export function useUsers(search: string, cursor: string | undefined) {
  return useQuery({
    queryKey: [...usersKey, 'list', search, cursor],
    queryFn: ({ signal }) =>
      request<UserPage>('/account/admin/users', { query: { search, cursor, limit: 20 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useUser(id: string) {
  return useQuery({
    queryKey: [...usersKey, 'one', id],
    queryFn: ({ signal }) => request<User>(pathOf(id), { signal })
  })
}

export function useChangeUser(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: UserChange) => request<User>(pathOf(id), { method: 'PATCH', body }),
    onSuccess: (user) => {
      client.setQueryData([...usersKey, 'one', id], user)
    },
    // Not awaited: a form that starts over with the user's new data must say before that it is done.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: usersKey })
    }
  })
}

export function useDeleteUser(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request(pathOf(id), { method: 'DELETE' }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: [...usersKey, 'list'] })
    }
  })
}

export function useResetSecondFactors(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request(`${pathOf(id)}/second-factors`, { method: 'DELETE' }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: [...usersKey, 'credentials', id] })
      void client.invalidateQueries({ queryKey: [...usersKey, 'sessions', id] })
    }
  })
}

export function useUserCredentials(id: string) {
  return useQuery({
    queryKey: [...usersKey, 'credentials', id],
    queryFn: ({ signal }) => request<UserCredentials>(`${pathOf(id)}/credentials`, { signal })
  })
}

export function useUnlinkUserIdentity(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (identityId: string) =>
      request(`${pathOf(id)}/identities/${encodeURIComponent(identityId)}`, { method: 'DELETE' }),
    // Not awaited: the row and its button go with the new list, and the message must come before.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: [...usersKey, 'credentials', id] })
      void client.invalidateQueries({ queryKey: [...usersKey, 'sessions', id] })
    }
  })
}

export function useUserSessions(id: string, cursor: string | undefined) {
  return useQuery({
    queryKey: [...usersKey, 'sessions', id, cursor],
    queryFn: ({ signal }) => request<SessionPage>(`${pathOf(id)}/sessions`, { query: { cursor, limit: 10 }, signal }),
    placeholderData: keepPreviousData
  })
}

/** Ends one session of the user, or all of them. */
export function useEndUserSessions(id: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (sessionId?: string) =>
      request(`${pathOf(id)}/sessions${sessionId ? `/${encodeURIComponent(sessionId)}` : ''}`, { method: 'DELETE' }),
    onSettled: (_data, _error, sessionId) => {
      const refreshed = client.invalidateQueries({ queryKey: usersKey })
      // The button of one session is busy until its row is gone; the one for all goes with the last row.
      return sessionId ? refreshed : undefined
    }
  })
}
