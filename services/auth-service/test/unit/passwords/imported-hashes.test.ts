import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import { hashSync as hashArgon2 } from '@node-rs/argon2'
import { hashSync as hashBcrypt } from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import { ImportedHashError, readImportedHash } from '../../../src/passwords/imported-hashes.ts'

const password = 'Pässwörd 𝕏 ﬁ'
const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
const salt = Buffer.from('0123456789abcdef')
const ofPbkdf2 = (digest: string) => base64(pbkdf2Sync(password, salt, 1000, 32, digest))
const sha = (digest: string, ...parts: (string | Buffer)[]) =>
  base64(
    createHash(digest)
      .update(Buffer.concat(parts.map((part) => Buffer.from(part))))
      .digest()
  )

const hashes: Record<string, string> = {
  bcrypt: hashBcrypt(password, 4),
  'bcrypt of PHP': hashBcrypt(password, 4).replace('$2b$', '$2y$'),
  argon2id: hashArgon2(password, { algorithm: 2, memoryCost: 64, timeCost: 1 }),
  argon2i: hashArgon2(password, { algorithm: 1, memoryCost: 64, timeCost: 1 }),
  argon2d: hashArgon2(password, { algorithm: 0, memoryCost: 64, timeCost: 1 }),
  scrypt: `$scrypt$ln=10,r=8,p=2$${base64(salt)}$${base64(scryptSync(password, salt, 64, { N: 1024, r: 8, p: 2 }))}`,
  'PBKDF2 with SHA-1': `$pbkdf2-sha1$i=1000,l=32$${base64(salt)}$${ofPbkdf2('sha1')}`,
  'PBKDF2 with SHA-256': `$pbkdf2-sha256$i=1000$${base64(salt)}$${ofPbkdf2('sha256')}`,
  'PBKDF2 with SHA-512, by passlib': `$pbkdf2-sha512$1000$${base64(salt)}$${ofPbkdf2('sha512').replaceAll('+', '.')}`,
  'salted SHA-1': `$salted-sha1$o=prefix$${base64(salt)}$${sha('sha1', salt, password)}`,
  'salted SHA-512': `$salted-sha512$o=suffix$${base64(salt)}$${sha('sha512', password, salt)}`
}

describe('an imported hash', () => {
  it.each(Object.entries(hashes))('of %s matches its password alone', (_, text) => {
    const hash = readImportedHash(text, { allowsFastHashes: true })
    expect(hash.matches(password)).toBe(true)
    expect(hash.matches(password.normalize('NFKC'))).toBe(false)
    expect(hash.matches('')).toBe(false)
    expect(text.startsWith(hash.cost)).toBe(true)
    expect(hash.cost.length).toBeLessThan(40)
  })

  it.each(Object.entries(hashes))('of %s has decoys of the same cost, which nothing matches', (_, text) => {
    const hash = readImportedHash(text, { allowsFastHashes: true })
    const decoy = readImportedHash(hash.decoy(), { allowsFastHashes: true })
    expect(decoy.cost).toBe(hash.cost)
    expect(hash.decoy()).toHaveLength(text.length)
    expect(decoy.matches(password)).toBe(false)
  })

  it('of argon2 may have padding, or the alphabet for URLs', () => {
    const text = hashArgon2(password, { algorithm: 2, memoryCost: 64, timeCost: 1, salt: Buffer.alloc(16, 0xff) })
    for (const spelled of [
      text.replace(/\$([^$]+)\$([^$]+)$/, '$$$1==$$$2='),
      text.replaceAll('/', '_').replaceAll('+', '-')
    ]) {
      expect(spelled).not.toBe(text)
      expect(readImportedHash(spelled).matches(password)).toBe(true)
      expect(readImportedHash(spelled).matches('')).toBe(false)
    }
  })

  // https://github.com/firebase/scrypt: the example of its README.
  it('of Firebase matches the password of its published example', () => {
    const signerKey = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=='
    const text = `$firebase-scrypt$ln=14,r=8,sk=${signerKey},ss=Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==`
    expect(readImportedHash(text).matches('user1password')).toBe(true)
    expect(readImportedHash(text).matches('user1passworD')).toBe(false)
  })

  it('of bcrypt reads 72 bytes, as bcrypt does, and refuses a zero byte', () => {
    const long = readImportedHash(hashBcrypt('x'.repeat(80), 4))
    expect(long.matches('x'.repeat(72))).toBe(true)
    expect(long.matches('x'.repeat(71))).toBe(false)
    expect(readImportedHash(hashBcrypt('ab', 4)).matches('ab\0cd')).toBe(false)
  })

  it.each([
    ['$2b$31$abcdefghijklmnopqrstuuZ8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z', /the cost of bcrypt is 31/],
    ['$2b$03$abcdefghijklmnopqrstuuZ8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z8Z', /less than 4/],
    [`$argon2id$v=19$m=4194304,t=1,p=1$${base64(salt)}$${base64(salt)}`, /memory of argon2/],
    [`$argon2id$v=19$m=262144,t=100,p=1$${base64(salt)}$${base64(salt)}`, /times its passes/],
    [`$scrypt$ln=30,r=8,p=1$${base64(salt)}$${base64(salt)}`, /memory of scrypt/],
    [`$scrypt$ln=17,r=8,p=99$${base64(salt)}$${base64(salt)}`, /work of scrypt/],
    [`$scrypt$ln=0,r=8,p=1$${base64(salt)}$${base64(salt)}`, /not usable/],
    [`$scrypt$ln=16,r=1,p=1$${base64(salt)}$${base64(salt)}`, /not usable/],
    [`$pbkdf2-sha256$i=0$${base64(salt)}$${base64(salt)}`, /less than 1/],
    [`$pbkdf2-sha256$i=99999999$${base64(salt)}$${base64(salt)}`, /rounds of PBKDF2/],
    [
      `$pbkdf2-sha1$i=1000000$${base64(salt)}$${base64(Buffer.alloc(128))}`,
      /rounds of PBKDF2, for the length.* 7000000/
    ],
    [`$pbkdf2-sha256$i=1000$${base64(salt)}$c2hvcnQ`, /16 to 128 bytes/],
    [hashes['salted SHA-1'] ?? '', /--allow-fast-hashes/],
    ['5f4dcc3b5aa765d61d8327deb882cf99', /no known format/],
    ['', /no known format/],
    ['$2b$10$'.padEnd(2000, 'x'), /longer than 1024/]
  ])('is refused with a sentence: %s', (text, sentence) => {
    expect(() => readImportedHash(text)).toThrow(ImportedHashError)
    expect(() => readImportedHash(text)).toThrow(sentence)
  })
})
