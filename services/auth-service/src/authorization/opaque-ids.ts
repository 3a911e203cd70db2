import { randomBytes } from 'node:crypto'
import { type Bytes, sha256 } from '../hashes.ts'

/** 256 random bits: an id in an address, a code, a ticket, or what names a browser. Only its hash is kept. */
export function newOpaqueId(): { id: string; hash: Bytes } {
  const id = randomBytes(32).toString('base64url')
  return { id, hash: sha256(id) }
}

const pattern = /^[\w-]{43}$/

export function isOpaqueId(text: string | undefined): text is string {
  return text !== undefined && pattern.test(text)
}
