export const usernameRule = '1 to 64 letters, digits or the signs . _ - @ +'

export const usernameWish = `Use ${usernameRule}.`

/** The issuer's rule for names; the issuer checks again. */
export function usernameError(text: string): string | null {
  const name = text.normalize('NFKC').trim()
  if (name === '') return 'Choose a username.'
  return /^[\p{L}\p{N}._@+-][\p{L}\p{M}\p{N}._@+-]{0,63}$/u.test(name) ? null : usernameWish
}
