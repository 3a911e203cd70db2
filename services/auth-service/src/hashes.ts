import { createHash } from 'node:crypto'

/** Bytes as the database driver reads and returns them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** What is kept of a random secret: with 120 bits and more, a fast hash is enough. */
export function sha256(secret: string | Uint8Array): Bytes {
  return Uint8Array.from(createHash('sha256').update(secret).digest())
}
