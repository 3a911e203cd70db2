import { useMutation } from '@tanstack/react-query'
import { ApiError } from '../api/api-error.ts'
import { request } from '../api/request.ts'
import type { EnrolmentMailSent, SignedIn, TotpSetUp } from '../api/types.ts'

/** How a sign-in goes on whose second factor is missing; the cookie of its flow is the browser's. */
export interface NeededFactor {
  factors: readonly string[]
  /** Set when the user has to set a second factor up. */
  enrolment: 'open' | 'mail_code' | null
}

/** @returns `undefined` when the error is another one */
export function neededFactorOf(error: unknown): NeededFactor | undefined {
  if (!(error instanceof ApiError) || error.code !== 'factor_required') return undefined
  const { factors = [], enrolment = null } = error.members as Partial<NeededFactor>
  return { factors, enrolment }
}

/** Whether the sign-in has to begin again. */
export function isFlowEnd(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

export interface ShownFactor {
  totp?: string
  recovery_code?: string
  trust_device?: boolean
}

export function useShowFactor() {
  return useMutation({
    mutationFn: (body: ShownFactor) => request<SignedIn>('/bff/session/factor', { method: 'POST', body }),
    gcTime: 0
  })
}

export function useMailEnrolmentCode() {
  return useMutation({
    mutationFn: () => request<EnrolmentMailSent>('/bff/session/enrolment/mail', { method: 'POST', body: {} }),
    gcTime: 0
  })
}

export function useEnrol() {
  return useMutation({
    mutationFn: (body: { code?: string }) => request<TotpSetUp>('/bff/session/enrolment', { method: 'POST', body }),
    gcTime: 0
  })
}

export function useConfirmEnrolment() {
  return useMutation({
    mutationFn: (body: { totp: string }) =>
      request<SignedIn & { recovery_codes: string[] }>('/bff/session/enrolment/confirm', { method: 'POST', body }),
    gcTime: 0
  })
}
