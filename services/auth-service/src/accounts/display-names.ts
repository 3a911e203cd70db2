/** The rule for display names, completing the sentence "The display name must be …". */
export const displayNameRule = '1 to 64 characters, without control characters and not invisible'

const maxLength = 64

/** Control characters, line ends, and what turns the direction of writing: with them a name would show as another. */
const controls = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Letters, digits and signs that are seen: some letters are blank. */
const visible = /(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u

/** What a checked body says of the display name: `undefined` leaves it, `null` removes it. */
export function displayNameOf(given: string | null | undefined): string | null | undefined {
  return typeof given === 'string' ? parseDisplayName(given) : given
}

/**
 * Reads a display name as typed. Surrounding spaces are removed.
 * @returns `undefined` for a text that cannot be one
 */
export function parseDisplayName(text: string): string | undefined {
  if (!text.isWellFormed() || controls.test(text) || !visible.test(text)) return undefined
  const name = text.normalize('NFC').trim()
  return name.length <= maxLength ? name : undefined
}
