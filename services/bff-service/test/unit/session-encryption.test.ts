import { describe, expect, test } from 'vitest'
import {
  decryptSession,
  encryptSession,
  isSessionId,
  makeSessionId,
  storageKey
} from '../../src/sessions/session-encryption.ts'

describe('encrypted sessions', () => {
  test('an id has 256 bits, and no two are alike', () => {
    const ids = new Set(Array.from({ length: 1000 }, makeSessionId))
    expect(ids.size).toBe(1000)
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(32)
    for (const id of ids) expect(isSessionId(id)).toBe(true)
  })

  test('an id decrypts what was encrypted with it, and another id does not', async () => {
    const [id, other] = [makeSessionId(), makeSessionId()]
    const encrypted = await encryptSession(id, { accessToken: 'secret' })
    expect(encrypted).not.toContain('secret')
    expect(await decryptSession(id, encrypted)).toEqual({ accessToken: 'secret' })
    expect(await decryptSession(other, encrypted)).toBeUndefined()
  })

  test('no changed character opens', async () => {
    const id = makeSessionId()
    const encrypted = await encryptSession(id, { accessToken: 'secret' })
    for (let at = 0; at < encrypted.length; at++) {
      const changed = encrypted.slice(0, at) + otherThan(encrypted[at] as string) + encrypted.slice(at + 1)
      expect(await decryptSession(id, changed)).toBeUndefined()
    }
    expect(await decryptSession(id, '')).toBeUndefined()
  })

  test('what the store knows a session by says nothing of its id', () => {
    const id = makeSessionId()
    expect(storageKey(id)).toHaveLength(43)
    expect(storageKey(id)).not.toBe(id)
    expect(storageKey(id)).toBe(storageKey(id))
  })
})

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Another character, of another highest bit: the lowest ones of the last character may mean nothing (RFC 4648 §3.5). */
function otherThan(character: string): string {
  return alphabet[(alphabet.indexOf(character) + 32) % 64] as string
}
