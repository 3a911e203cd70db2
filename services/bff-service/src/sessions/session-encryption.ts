import { createHash, hkdfSync, randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'

const idBytes = 32
const wellFormedId = /^[A-Za-z0-9_-]{43}$/

/** @returns a new session id: 256 random bits in base64url */
export function makeSessionId(): string {
  return randomBytes(idBytes).toString('base64url')
}

/** Whether a cookie's value has the form of a session id. */
export function isSessionId(text: string): boolean {
  return wellFormedId.test(text)
}

/** @returns the name of a session in the store; the id cannot be derived from it */
export function storageKey(id: string): string {
  return createHash('sha256').update('countersign browser session\0').update(id).digest('base64url')
}

/**
 * @returns a JWE (RFC 7516; `dir` with `A256GCM`) under a key that is derived from the id, so that the store alone cannot
 * decrypt it
 */
export function encryptSession(id: string, content: unknown): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .encrypt(encryptionKey(id))
}

/** @returns the decrypted text, or `undefined` if it was not encrypted with this id */
export async function decryptSession(id: string, encrypted: string): Promise<unknown> {
  try {
    const { plaintext } = await compactDecrypt(encrypted, encryptionKey(id), {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM']
    })
    return JSON.parse(new TextDecoder().decode(plaintext))
  } catch {
    return undefined
  }
}

function encryptionKey(id: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', id, '', 'countersign browser-session sealing v1', 32))
}
