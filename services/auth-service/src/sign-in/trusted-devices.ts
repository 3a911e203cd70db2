import { randomBytes } from 'node:crypto'
import type { ClientInfo } from '../client-info.ts'
import { type Bytes, sha256 } from '../hashes.ts'

/** How long the second factor is not asked for, in seconds. */
export const trustedDeviceSeconds = 30 * 86_400
/** Per user; the least recently used one gives way. */
export const maxTrustedDevices = 20

export interface TrustedDevice {
  readonly id: string
  readonly createdAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
  readonly address: string
  readonly userAgent: string
}

/** Browsers and apps in which the second factor is not asked for at sign-in. Each change of a credential ends them. */
export interface TrustedDevices {
  add(device: { userId: string; credentialsState: string; tokenHash: Bytes; origin: ClientInfo }): Promise<void>
  /** @returns the id of the device; `undefined` when it is not one that this user trusts now */
  use(presented: { userId: string; tokenHash: Bytes }): Promise<string | undefined>
  list(userId: string): Promise<readonly TrustedDevice[]>
  remove(userId: string, id: string, sessionId: string): Promise<boolean>
}

export function newTrustedDevice(): { token: string; tokenHash: Bytes } {
  const token = `cst1.${randomBytes(32).toString('base64url')}`
  return { token, tokenHash: trustedDeviceHash(token) }
}

export function trustedDeviceHash(token: string): Bytes {
  return sha256(token)
}
