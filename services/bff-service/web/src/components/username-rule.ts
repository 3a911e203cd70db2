import { say } from '../texts/say.ts'

/** The issuer's rule for names; the issuer checks again. */
export function usernameError(text: string): string | null {
  const name = text.normalize('NFKC').trim()
  if (name === '') return say('fields.usernameToChoose')
  return /^[\p{L}\p{N}._@+-][\p{L}\p{M}\p{N}._@+-]{0,63}$/u.test(name) ? null : say('fields.usernameWish')
}
