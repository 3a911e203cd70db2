import type { KeyPolicy } from './signing-key-administration.ts'

const secondsPerDay = 86_400

export interface KeyPolicyOptions {
  readonly signingKeyRotationDays: number
  readonly jwksMaxAgeSeconds: number
}

/** How long past its age a cache may serve the key set while it asks for a new one (RFC 5861 §3), in seconds. */
export function staleSeconds(jwksMaxAgeSeconds: number): number {
  return Math.floor(jwksMaxAgeSeconds / 5)
}

/** A key may sign once every cache has let go of the key sets without it, and some more for slow networks and replicas. */
export function keyPolicy({ signingKeyRotationDays, jwksMaxAgeSeconds }: KeyPolicyOptions): KeyPolicy {
  const margin = jwksMaxAgeSeconds / 5
  return {
    rotationSeconds: signingKeyRotationDays * secondsPerDay,
    leadSeconds: jwksMaxAgeSeconds + staleSeconds(jwksMaxAgeSeconds) + margin
  }
}
