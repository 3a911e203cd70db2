import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../api/request.ts'
import type { ApiIdentity, OwnProfile, SessionPage } from '../api/types.ts'

const sessionsKey = ['account', 'sessions'] as const

export function useOwnProfile() {
  return useQuery({
    queryKey: ['account', 'profile'],
    queryFn: ({ signal }) => request<OwnProfile>('/account/auth/me', { signal })
  })
}

/** Who a protected API takes this browser for. */
export function useApiIdentity() {
  return useQuery({
    queryKey: ['account', 'api-identity'],
    queryFn: ({ signal }) => request<ApiIdentity>('/api/me', { signal }),
    retry: false
  })
}

export function useOwnSessions(cursor: string | undefined) {
  return useQuery({
    queryKey: [...sessionsKey, cursor],
    queryFn: ({ signal }) => request<SessionPage>('/account/auth/sessions', { query: { cursor, limit: 10 }, signal }),
    placeholderData: keepPreviousData
  })
}

export function useEndOwnSession() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => request(`/account/auth/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: sessionsKey })
  })
}

export function useEndOtherSessions() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request('/account/auth/logout-others', { method: 'POST' }),
    // Not awaited: the button goes when the list is here, and must say before that it is done.
    onSettled: () => {
      void client.invalidateQueries({ queryKey: sessionsKey })
    }
  })
}

interface PasswordChange {
  current_password: string
  new_password: string
}

export function useChangePassword() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: PasswordChange) => request('/account/auth/password', { method: 'POST', body }),
    // The variables hold two passwords, which nothing needs any more.
    gcTime: 0,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: sessionsKey })
    }
  })
}
