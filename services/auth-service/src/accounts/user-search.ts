/** No term of a user is longer, and Postgres takes terms of 2046 bytes. */
const maxWordLength = 512

/**
 * The words of a search for users, folded as the index `users_search_idx` has its terms: each is the beginning of a part of
 * the username or of the e-mail address. Case is no difference, and neither are the two Greek letters sigma, and ß and ss.
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
