import { dictionary } from '@zxcvbn-ts/language-common'

/** Code points that a password has at least and at most (NIST SP 800-63B §5.1.1.2: length, and no composition rules). */
export const passwordLength = { min: 8, max: 256 } as const

const commonPasswords: ReadonlySet<string> = new Set(dictionary['passwords-common'])

/** The form of a password that is hashed: NFKC, so that one password typed on two keyboards is one. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** @returns why a new password is refused, as a sentence for the user, or `undefined` when it is fine */
export function refusalOfPassword(password: string, username: string): string | undefined {
  if (!password.isWellFormed()) return 'The password holds characters that are not valid Unicode.'
  const normalized = normalizePassword(password)
  const length = [...normalized].length
  if (length < passwordLength.min) return `The password must have at least ${passwordLength.min} characters.`
  if (length > passwordLength.max) return `The password must have at most ${passwordLength.max} characters.`
  const folded = normalized.toLowerCase()
  if (folded === username.toLowerCase()) return 'The password must not be the username.'
  if (commonPasswords.has(folded))
    return 'This password is one of the most used ones, which are tried first. Choose another.'
  return undefined
}
