import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ClientAuthMethod } from './client.ts'

/** How many secrets of a client are valid at once, so that one can be replaced without a gap. */
export const maxClientSecrets = 2

/** Makes a secret of 256 random bits. It is shown once. */
export function generateClientSecret(): string {
  return `css_${randomBytes(32).toString('base64url')}`
}

/** Whether clients with this method authenticate themselves by a secret. */
export function hasSecrets(authMethod: ClientAuthMethod): boolean {
  return authMethod === 'client_secret_basic' || authMethod === 'client_secret_post'
}

/** What a new client gets: a secret, if it authenticates itself by one, and what is kept of it. */
export function firstSecretOf(authMethod: ClientAuthMethod) {
  if (!hasSecrets(authMethod)) return { secretHashes: [], shown: {} }
  const secret = generateClientSecret()
  return { secretHashes: [hashClientSecret(secret)], shown: { client_secret: secret } }
}

/** What is kept of a secret. It is random and cannot be guessed, so one SHA-256 is as safe as a slow hash. */
export function hashClientSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** Names a secret without revealing it: the beginning of its hash. */
export function clientSecretId(hash: string): string {
  return hash.slice(0, 8)
}

/** Compares with each of them, in constant time. */
export function matchesClientSecret(secret: string, hashes: readonly string[]): boolean {
  const presented = Buffer.from(hashClientSecret(secret))
  return hashes.map((hash) => timingSafeEqual(presented, Buffer.from(hash))).includes(true)
}
