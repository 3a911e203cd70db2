import { verifySync } from '@node-rs/argon2'
import { ImportedHashError, readImportedHash } from './imported-hashes.ts'

/** Before a hash that another system has made. */
export const importedPrefix = 'imported:'

export function isImported(passwordHash: string): boolean {
  return passwordHash.startsWith(importedPrefix)
}

/** Whether a password is the one that was hashed, here or by another system. Takes milliseconds, and some much longer. */
export function verifyHash(passwordHash: string, password: string): boolean {
  if (!isImported(passwordHash)) return verifySync(passwordHash, password)
  try {
    return readImportedHash(passwordHash.slice(importedPrefix.length), { allowsFastHashes: true }).matches(password)
  } catch (error) {
    if (error instanceof ImportedHashError) return false
    throw error
  }
}
