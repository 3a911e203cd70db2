import { verifySync } from '@node-rs/argon2'
import { type ImportedHash, ImportedHashError, readImportedHash } from './imported-hashes.ts'

/** Marks a hash that another system has made. */
export const importedPrefix = 'imported:'

export function isImported(passwordHash: string): boolean {
  return passwordHash.startsWith(importedPrefix)
}

/** Much more memory than a hash of ours takes, in bytes. */
const heavyMemory = 32 * 2 ** 20

/** Whether it takes so much memory to verify a password that only one at a time may. */
export function isHeavy(passwordHash: string): boolean {
  return isImported(passwordHash) && falseIfUnusable(() => read(passwordHash).memory > heavyMemory)
}

/** Whether a password is the one that was hashed, here or by another system. Takes milliseconds, and some much longer. */
export function verifyHash(passwordHash: string, password: string): boolean {
  if (!isImported(passwordHash)) return verifySync(passwordHash, password)
  return falseIfUnusable(() => read(passwordHash).matches(password))
}

function read(passwordHash: string): ImportedHash {
  return readImportedHash(passwordHash.slice(importedPrefix.length), { allowsFastHashes: true })
}

function falseIfUnusable(work: () => boolean): boolean {
  try {
    return work()
  } catch (error) {
    if (error instanceof ImportedHashError) return false
    throw error
  }
}
