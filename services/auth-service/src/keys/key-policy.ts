import type { KeyPolicy } from './signing-key-administration.ts'

const secondsPerDay = 86_400

export interface KeyPolicyOptions {
  readonly signingKeyRotationDays: number
  readonly jwksMaxAgeSeconds: number
}

/** How long a cache may serve an expired key set while it fetches a new one (RFC 5861 §3), in seconds. */
export function staleSeconds(jwksMaxAgeSeconds: number): number {
  return Math.floor(jwksMaxAgeSeconds / 5)
}

/** A key may sign once no cache serves a key set without it, plus a margin for slow networks and replicas. */
export function keyPolicy({ signingKeyRotationDays, jwksMaxAgeSeconds }: KeyPolicyOptions): KeyPolicy {
  const margin = jwksMaxAgeSeconds / 5
  return {
    rotationSeconds: signingKeyRotationDays * secondsPerDay,
    leadSeconds: jwksMaxAgeSeconds + staleSeconds(jwksMaxAgeSeconds) + margin
  }
}
