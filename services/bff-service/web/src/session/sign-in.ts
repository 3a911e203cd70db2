import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { ApiError, isConflict, isUnavailable } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { SignedIn } from '../api/types.ts'
import { requireCookies } from './cookie-check.ts'
import { endSession, enterSession } from './session.ts'
import { tellOtherTabs } from './tabs.ts'

export interface Credentials {
  username: string
  password: string
}

export interface Registration extends Credentials {
  email?: string
}

async function signIn({ username, password }: Credentials): Promise<SignedIn> {
  await requireCookies()
  return request('/bff/session', { method: 'POST', body: { username, password } })
}

export function begin(client: QueryClient, session: SignedIn): void {
  enterSession(client, session)
  tellOtherTabs('signed_in')
}

export function useSignIn() {
  const client = useQueryClient()
  // The credentials are the variables of these mutations: gcTime 0 drops them as soon as the form has gone.
  return useMutation({ mutationFn: signIn, gcTime: 0, onSuccess: (session) => begin(client, session) })
}

/** Registers, and signs in with the same credentials; `undefined` when the account exists, and signing in failed. */
export function useRegister() {
  const client = useQueryClient()
  const unanswered = useRef<string>(undefined)
  return useMutation({
    mutationFn: async (body: Registration) => {
      await requireCookies()
      try {
        await request('/bff/registration', { method: 'POST', body })
      } catch (error) {
        if (isConflict(error) && unanswered.current === body.username) return signInIfOwn(body, error)
        if (isUnavailable(error)) unanswered.current = body.username
        throw error
      }
      return signIn(body).catch(() => undefined)
    },
    gcTime: 0,
    onSuccess: (session) => session && begin(client, session)
  })
}

/** After a lost response, the first try may be why the name is taken: then the same password signs in. */
async function signInIfOwn(credentials: Credentials, conflict: unknown): Promise<SignedIn> {
  try {
    return await signIn(credentials)
  } catch (error) {
    throw error instanceof ApiError && error.status === 401 ? conflict : error
  }
}

export function useSignOut() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => request('/bff/session', { method: 'DELETE' }),
    onSuccess: () => {
      endSession(client, 'signed_out')
      tellOtherTabs('signed_out')
    }
  })
}
