import { loadOnce } from '@countersign/service-kit'

/** Bounds on the length of a password, in code points (NIST SP 800-63B §5.1.1.2: no composition rules). */
export const passwordLength = { min: 8, max: 256 } as const

/** Large, so it is loaded at the first use. */
const commonPasswords = loadOnce(async (): Promise<ReadonlySet<string>> => {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(dictionary['passwords-common'])
})

/** The form of a password that is hashed: NFKC, so that the same password from two keyboards is equal. */
export function normalizePassword(password: string): string {
  return password.normalize('NFKC')
}

/** @returns why a new password is rejected, as a sentence for the user, or `undefined` when it is fine */
export async function refusalOfPassword(password: string, username: string): Promise<string | undefined> {
  const refusal = refusalOfForm(password, username)
  if (refusal !== undefined || !(await isCommon(password))) return refusal
  return 'This password is one of the most used ones, which are tried first. Choose another.'
}

/** As {@link refusalOfPassword}, without the look into the most used ones. */
export function refusalOfForm(password: string, username: string): string | undefined {
  if (!password.isWellFormed()) return 'The password holds characters that are not valid Unicode.'
  const normalized = normalizePassword(password)
  const length = [...normalized].length
  if (length < passwordLength.min) return `The password must have at least ${passwordLength.min} characters.`
  if (length > passwordLength.max) return `The password must have at most ${passwordLength.max} characters.`
  return isUsername(password, username) ? 'The password must not be the username.' : undefined
}

async function isCommon(password: string): Promise<boolean> {
  return (await commonPasswords()).has(normalizePassword(password).toLowerCase())
}

export function isUsername(password: string, username: string): boolean {
  return normalizePassword(password).toLowerCase() === username.toLowerCase()
}
