/** Hashes of passwords that other systems have made, as PHC strings. They are replaced at the first sign-in. */
import { createCipheriv, createHash, pbkdf2Sync, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { verifySync as verifyArgon2 } from '@node-rs/argon2'
import { compareSync as compareBcrypt } from 'bcryptjs'

/** A hash that cannot be imported. The message says why, as a sentence without anything of the hash. */
export class ImportedHashError extends Error {
  override readonly name = 'ImportedHashError'
}

/** A hash that has been read. */
export interface ImportedHash {
  /** Up to the salt: format and parameters, which decide how long it takes to verify a password. */
  readonly cost: string
  /** What verifying a password takes, in bytes. */
  readonly memory: number
  /** Whether a password is the one that was hashed. Takes as long as the parameters say. */
  matches(password: string): boolean
  /** Another hash of the same cost and lengths, which no password matches. */
  decoy(): string
}

export interface ImportRules {
  /** Whether a single round of SHA is taken, which a graphics card tries thousands of millions of times a second. */
  readonly allowsFastHashes?: boolean
}

const maxLength = 1024
/** Beyond these a sign-in would take seconds, or a quarter of a gigabyte. */
const limits = {
  bcryptCost: 14,
  argon2Memory: 262_144,
  argon2Work: 1_048_576,
  scryptMemory: 2 ** 28,
  scryptWork: 2 ** 21,
  pbkdf2Rounds: 2_000_000
} as const
const hashBytes = { min: 16, max: 128 } as const
const maxSaltBytes = 256
const digestBytes = { sha1: 20, sha256: 32, sha512: 64 } as const

/**
 * Reads a hash: bcrypt, argon2 (i, d, id), scrypt, PBKDF2 (SHA-1, SHA-256, SHA-512), the scrypt of Firebase, and, if the rules allow
 * them, salted SHA-1, SHA-256 and SHA-512.
 * @throws {ImportedHashError} when it is none of these, or verifying it would cost too much
 */
export function readImportedHash(text: string, rules: ImportRules = {}): ImportedHash {
  if (text.length > maxLength) throw new ImportedHashError(`The hash is longer than ${maxLength} characters.`)
  for (const { pattern, read } of formats) {
    const groups = pattern.exec(text)?.groups
    if (groups) return read(groups, text, rules)
  }
  throw new ImportedHashError('The hash is in no known format: see docs/importing-users.md.')
}

type Groups = Readonly<Record<string, string>>

interface Format {
  readonly pattern: RegExp
  read(groups: Groups, text: string, rules: ImportRules): ImportedHash
}

const saltAndHash = String.raw`\$(?<salt>[\w+/.-]+={0,2})\$(?<hash>[\w+/.-]+={0,2})$`
const phc = (start: string) => new RegExp(`^(?<cost>${start})${saltAndHash}`)

const formats: readonly Format[] = [
  {
    pattern: /^(?<cost>\$2[aby]\$(?<rounds>\d\d))\$(?<rest>[./A-Za-z\d]{53})$/,
    read({ cost = '', rounds }, text) {
      requireAtMost(rounds, limits.bcryptCost, 'the cost of bcrypt')
      if (Number(rounds) < 4) throw new ImportedHashError('The cost of bcrypt is less than 4.')
      return {
        cost,
        memory: 0,
        // bcrypt reads 72 bytes, and its C programs end at a zero byte: which of them has made the hash, nobody knows.
        matches: (password) => !password.includes('\0') && compareBcrypt(password, text),
        decoy: () => `${cost}$${randomOf('./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 53)}`
      }
    }
  },
  {
    pattern: phc(String.raw`\$argon2(?:id|i|d)\$v=19\$m=(?<memory>\d{1,9}),t=(?<passes>\d{1,9}),p=(?<lanes>\d{1,3})`),
    read(groups) {
      requireAtMost(groups.memory, limits.argon2Memory, 'the memory of argon2, in KiB,')
      const work = Number(groups.memory) * Number(groups.passes)
      requireAtMost(work, limits.argon2Work, 'the memory of argon2, in KiB, times its passes')
      return ofSaltAndHash(groups, Number(groups.memory) * 1024, (password, salt, hash) =>
        // The function reads base64 without padding alone.
        isArgon2(`${groups.cost}$${encode(salt)}$${encode(hash)}`, password)
      )
    }
  },
  {
    pattern: phc(String.raw`\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,3}),p=(?<p>\d{1,3})`),
    read(groups) {
      const cost = requireScrypt(groups)
      return ofDerivedHash(groups, memoryOf(cost), (password, salt, length) => scrypt(password, salt, length, cost))
    }
  },
  {
    pattern: phc(
      String.raw`\$firebase-scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,3}),sk=(?<signerKey>[\w+/-]+={0,2}),ss=(?<separator>[\w+/-]*={0,2})`
    ),
    read(groups) {
      const cost = requireScrypt({ ...groups, p: '1' })
      const signerKey = decode(groups.signerKey)
      return ofDerivedHash(groups, memoryOf(cost), (password, salt) => {
        const key = scrypt(password, Buffer.concat([salt, decode(groups.separator)]), 32, cost)
        return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(signerKey)
      })
    }
  },
  {
    // With `i=`, as PHC has it; without, as passlib writes it, which calls SHA-1 plain pbkdf2.
    pattern: phc(String.raw`\$pbkdf2(?:-(?<digest>sha1|sha256|sha512))?\$(?:i=)?(?<rounds>\d{1,9})(?:,l=\d{1,3})?`),
    read(groups) {
      const { digest = 'sha1', rounds } = groups
      // RFC 8018 §5.2: each part of the hash that is as long as the digest takes all rounds.
      const parts = Math.ceil(decode(groups.hash).length / digestBytes[digest as keyof typeof digestBytes])
      requireAtMost(Number(rounds) * parts, limits.pbkdf2Rounds, 'the rounds of PBKDF2, for the length of the hash,')
      if (Number(rounds) < 1) throw new ImportedHashError('The rounds of PBKDF2 are less than 1.')
      return ofDerivedHash(groups, 0, (password, salt, length) =>
        pbkdf2Sync(password, salt, Number(rounds), length, digest)
      )
    }
  },
  {
    pattern: phc(String.raw`\$salted-(?<digest>sha1|sha256|sha512)\$o=(?<order>prefix|suffix)`),
    read(groups, _, { allowsFastHashes = false }) {
      if (!allowsFastHashes) {
        throw new ImportedHashError(
          'A graphics card guesses a salted SHA too fast; --allow-fast-hashes, or allow_fast_hashes over HTTP, accepts it anyway.'
        )
      }
      const { digest = '', order } = groups
      return ofDerivedHash(groups, 0, (password, salt) => {
        const parts = order === 'prefix' ? [salt, Buffer.from(password)] : [Buffer.from(password), salt]
        return createHash(digest).update(Buffer.concat(parts)).digest()
      })
    }
  }
]

/** @param matches whether a password, with this salt, has this hash */
function ofSaltAndHash(
  groups: Groups,
  memory: number,
  matches: (password: string, salt: Buffer, hash: Buffer) => boolean
): ImportedHash {
  const { cost = '' } = groups
  const [salt, hash] = [decode(groups.salt), decode(groups.hash)]
  if (hash.length < hashBytes.min || hash.length > hashBytes.max) {
    throw new ImportedHashError(`The hash does not have ${hashBytes.min} to ${hashBytes.max} bytes.`)
  }
  if (salt.length > maxSaltBytes) throw new ImportedHashError(`The salt has more than ${maxSaltBytes} bytes.`)
  return {
    cost,
    memory,
    matches: (password) => matches(password, salt, hash),
    decoy: () => `${cost}$${encode(randomBytes(salt.length))}$${encode(randomBytes(hash.length))}`
  }
}

/** The same, of a function that derives the hash. */
function ofDerivedHash(
  groups: Groups,
  memory: number,
  derive: (password: string, salt: Buffer, length: number) => Buffer
): ImportedHash {
  return ofSaltAndHash(groups, memory, (password, salt, hash) => isEqual(derive(password, salt, hash.length), hash))
}

interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

function requireScrypt({ ln, r, p }: Groups): ScryptCost {
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) }
  // RFC 7914 §2: N is less than 2^(128 · r / 8).
  if (Number(ln) < 1 || cost.r < 1 || cost.p < 1 || Number(ln) >= 16 * cost.r)
    throw new ImportedHashError('The parameters of scrypt are not usable.')
  requireAtMost(memoryOf(cost), limits.scryptMemory, 'the memory of scrypt, in bytes,')
  requireAtMost(cost.N * cost.r * cost.p, limits.scryptWork, 'the work of scrypt (N · r · p)')
  return cost
}

function memoryOf({ N, r }: ScryptCost): number {
  return 128 * N * r
}

function scrypt(password: string, salt: Buffer, length: number, cost: ScryptCost): Buffer {
  return scryptSync(password, salt, length, { ...cost, maxmem: 2 * limits.scryptMemory })
}

function isArgon2(hash: string, password: string): boolean {
  try {
    return verifyArgon2(hash, password)
  } catch {
    return false // parameters that the function itself refuses
  }
}

function isEqual(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

function requireAtMost(value: string | number | undefined, limit: number, what: string): void {
  if (Number(value) > limit) {
    throw new ImportedHashError(`The hash would cost too much: ${what} is ${value}, and ${limit} is the most.`)
  }
}

/** Base64 of any kind: with `+/`, `-_`, or the `.` of passlib. */
function decode(text = ''): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}

function randomOf(alphabet: string, length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('')
}
