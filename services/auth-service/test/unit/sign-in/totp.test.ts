import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createMasterKey } from '../../../src/keys/master-keys.ts'
import { hashOfRecoveryCode, newRecoveryCodes } from '../../../src/sign-in/recovery-codes.ts'
import { createTotpSealing, newSeed, resealSeeds, setUpOf, stepOfCode } from '../../../src/sign-in/totp.ts'

const seed = Buffer.from('12345678901234567890')

describe('a code generator', () => {
  /** RFC 6238 appendix B, SHA-1. Codes have 6 digits here, which are the last of its 8. */
  test.each([
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130']
  ])('at %i is as in RFC 6238', (seconds, code) => {
    expect(stepOfCode(seed, code.slice(-6), seconds * 1000)).toBe(Math.floor(seconds / 30))
  })

  test('takes the codes of one step before and after, and says of which step each is', () => {
    const now = 1_234_567_890_000
    const step = Math.floor(now / 30_000)
    for (let away = -3; away <= 3; away++) {
      const expected = Math.abs(away) <= 1 ? step + away : undefined
      expect(stepOfCode(seed, codeAt(step + away), now), `${away}`).toBe(expected)
    }
  })

  test.each(['', '12345', '1234567', 'abcdef', '０１２３４５'])('does not accept %j as a code', (code) => {
    expect(stepOfCode(seed, code, 0)).toBeUndefined()
  })

  test('is shown to an app with its seed, product and user, whatever characters they have', () => {
    const { secret, uri } = setUpOf(seed, { product: 'A & B: C', username: 'al?ce/ü' })
    expect(secret).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
    const { protocol, host, pathname, searchParams } = new URL(uri)
    expect([protocol, host]).toEqual(['otpauth:', 'totp'])
    expect(decodeURIComponent(pathname)).toContain('al?ce/ü')
    expect(Object.fromEntries(searchParams)).toMatchObject({
      secret,
      issuer: 'A & B: C',
      algorithm: 'SHA1',
      digits: '6',
      period: '30'
    })
  })

  test('has a seed of 160 random bits', () => {
    expect(newSeed()).toHaveLength(20)
    expect(newSeed().equals(newSeed())).toBe(false)
  })
})

describe('the seal of a seed', () => {
  const [older, newer] = [createMasterKey(new Uint8Array(32).fill(1)), createMasterKey(new Uint8Array(32).fill(2))]

  test('is of one user, and is replaced under another master key', async () => {
    const rows = ['a', 'b', 'c'].map((userId) => ({
      userId,
      sealedSeed: createTotpSealing(userId === 'b' ? [newer] : [older]).seal(userId, seed)
    }))
    expect(createTotpSealing([older]).open('b', rows[0]?.sealedSeed as Uint8Array)).toBeUndefined()
    const store = {
      page: async (after: string | undefined) => rows.filter(({ userId }) => after === undefined || userId > after),
      async replace(userId: string, _former: Uint8Array, sealedSeed: Uint8Array<ArrayBuffer>) {
        for (const row of rows) if (row.userId === userId) row.sealedSeed = sealedSeed
      }
    }
    expect(await resealSeeds(store, createTotpSealing([newer, older]))).toBe(2)
    for (const { userId, sealedSeed } of rows) {
      expect(createTotpSealing([newer]).open(userId, sealedSeed)?.equals(seed)).toBe(true)
    }
    expect(await resealSeeds(store, createTotpSealing([newer]))).toBe(0)
  })
})

describe('recovery codes', () => {
  test('are ten different ones of 120 bits, without letters that look like digits', () => {
    const { codes, hashes } = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/)
    expect(hashes.map((hash) => Buffer.from(hash).toString('hex'))).toEqual(
      codes.map((code) => Buffer.from(hashOfRecoveryCode(code)).toString('hex'))
    )
  })

  test('are the same however they are typed', () => {
    const hash = Buffer.from(hashOfRecoveryCode('0a1b-2c3d-4e5f-6g7h-8j9k-mnpq'))
    for (const typed of [
      '0A1B2C3D4E5F6G7H8J9KMNPQ',
      'oalb 2c3d 4e5f 6g7h 8j9k mnpq',
      ' OAIB-2C3D-4E5F-6G7H-8J9K-MNPQ '
    ]) {
      expect(Buffer.from(hashOfRecoveryCode(typed)).equals(hash), typed).toBe(true)
    }
    expect(Buffer.from(hashOfRecoveryCode('0a1b-2c3d-4e5f-6g7h-8j9k-mnpr')).equals(hash)).toBe(false)
  })
})

/** RFC 4226, written once more. */
function codeAt(step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', seed).update(counter).digest()
  const offset = (mac[19] as number) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}
