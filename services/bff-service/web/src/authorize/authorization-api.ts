import { useMutation, useQuery } from '@tanstack/react-query'
import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { AuthorizationRequest, ClaimedAuthorizationRequest, Decided, LogoutRequest } from '../api/types.ts'
import { useSignOut } from '../session/sign-in.ts'

const authorizationKey = ['authorization'] as const

export const isRequestId = (text: string) => /^[\w-]{43}$/.test(text)

const pathOf = (id: string) => `/account/auth/authorization-requests/${id}`

/** What an app asks for, as everybody may know it. Looks once more when its time is over. */
export function useAuthorizationRequest(id: string) {
  return useQuery({
    queryKey: [...authorizationKey, id],
    queryFn: ({ signal }) => request<AuthorizationRequest>(`/bff/authorization-requests/${id}`, { signal }),
    enabled: isRequestId(id),
    refetchInterval: ({ state }) => (state.data ? (state.data.expires_in + 1) * 1_000 : false)
  })
}

/** What an app that asks for a sign-out wants. It is kept beyond the sign-out, which forgets all other responses. */
export function useLogoutRequest(id: string) {
  return useQuery({
    queryKey: ['logout', id],
    queryFn: ({ signal }) => request<LogoutRequest>(`/bff/logout-requests/${id}`, { signal }),
    enabled: isRequestId(id),
    staleTime: Number.POSITIVE_INFINITY
  })
}

/** Claims the request for the user who is signed in; only the first one gets it. Claiming it twice is the same. */
export function useClaim(id: string, userId: string) {
  return useQuery({
    queryKey: [...authorizationKey, id, 'claim', userId],
    queryFn: () => request<ClaimedAuthorizationRequest>(`${pathOf(id)}/claim`, { method: 'POST' }),
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY
  })
}

export function useDecide(id: string) {
  return useMutation({
    mutationFn: (decision: 'allow' | 'deny') =>
      request<Decided>(`${pathOf(id)}/decision`, { method: 'POST', body: { decision } })
  })
}

/** Lets another user claim the request, and signs this one out. */
export function useChangeAccount(id: string) {
  const signOut = useSignOut()
  return useMutation({
    mutationFn: async () => {
      await request(`${pathOf(id)}/claim`, { method: 'DELETE' }).catch((error) => {
        // It is not this user's, and so needs no release.
        if (!(error instanceof ApiError) || ![404, 405, 409].includes(error.status)) throw error
      })
      await signOut.mutateAsync()
    }
  })
}
