/** No term of a user is longer. Postgres accepts terms of up to 2046 bytes. */
const maxWordLength = 512

/**
 * The words of a search for users, folded like the terms of the index `users_search_idx`. Each word matches the beginning of a
 * part of the username or e-mail address. Case is ignored, as is the difference between the two Greek sigmas, and between ß
 * and ss.
 */
export function searchWords(text: string): string[] {
  return fold(text)
    .split(/\s+/)
    .map((word) => word.replace(/^[._@+-]+(?=.)/, '').slice(0, maxWordLength))
    .filter(Boolean)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().normalize('NFKC').replaceAll('ς', 'σ').replaceAll('ß', 'ss')
}
