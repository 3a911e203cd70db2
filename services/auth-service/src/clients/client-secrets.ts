import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** How many secrets of a client are valid at once, so that one can be replaced without a gap. */
export const maxClientSecrets = 2

/** Makes a secret of 256 random bits. It is shown once. */
export function generateClientSecret(): string {
  return `css_${randomBytes(32).toString('base64url')}`
}

/** What is kept of a secret. It was random, so that one SHA-256 is as good as a slow hash: nobody can guess it. */
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
