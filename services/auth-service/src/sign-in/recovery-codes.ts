import { randomBytes } from 'node:crypto'
import { type Bytes, sha256 } from '../hashes.ts'

export const recoveryCodeCount = 10
/** 120 bits are 24 letters of base32: nobody can guess one, so a fast hash is enough. */
const codeBytes = 15
/** Crockford's base32: no letter can be taken for a digit. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Codes for a user whose other factors are lost, each valid once. They are shown once; the database has their hashes. */
export function newRecoveryCodes(): { codes: string[]; hashes: Bytes[] } {
  const codes = Array.from({ length: recoveryCodeCount }, () => toGroups(randomBytes(codeBytes)))
  return { codes, hashes: codes.map(hashOfRecoveryCode) }
}

/** However it was typed. */
export function hashOfRecoveryCode(code: string): Bytes {
  const plain = code.toLowerCase().replaceAll(/[\s-]/g, '').replaceAll('o', '0').replaceAll(/[il]/g, '1')
  return sha256(plain)
}

function toGroups(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = (bits.match(/.{5}/g) ?? []).map((group) => alphabet[Number.parseInt(group, 2)]).join('')
  return (letters.match(/.{4}/g) ?? []).join('-')
}
