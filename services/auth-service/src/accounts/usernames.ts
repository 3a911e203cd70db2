/** A username as it is stored, and in the form that makes it unique. */
export interface Username {
  readonly display: string
  readonly key: string
}

/** The rule for usernames, completing the sentence "The username must be …". */
export const usernameRule = '1 to 64 letters, digits or the signs . _ - @ +'

const acceptable = /^[\p{L}\p{N}._@+-][\p{L}\p{M}\p{N}._@+-]{0,63}$/u

/** Invisible characters: with them two different names could look the same. */
const invisible = /\p{Default_Ignorable_Code_Point}/u

/**
 * Reads a username as typed. Surrounding spaces, which phone keyboards add, are removed.
 * @returns `undefined` for a text that cannot be a username
 */
export function parseUsername(text: string): Username | undefined {
  if (!text.isWellFormed()) return undefined
  const display = text.normalize('NFKC').trim()
  if (!acceptable.test(display) || invisible.test(display)) return undefined
  return { display, key: display.toLowerCase().normalize('NFKC') }
}
