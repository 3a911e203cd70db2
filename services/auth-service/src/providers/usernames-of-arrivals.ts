import { parseUsername, type Username } from '../accounts/usernames.ts'
import type { Arrival } from './provider.ts'

const maxLength = 64
const suffixes = 20

/**
 * Usernames for a user that a provider has sent, the best first: the provider's own, then with a random suffix, since the name may be
 * taken. A name that looks like an address is cut, since it would be that of somebody's mailbox.
 * @param randomDigits makes a suffix
 */
export function* usernamesOf({ names }: Pick<Arrival, 'names'>, randomDigits: () => string): Generator<Username> {
  const base = names.map(toUsername).find((name) => name !== undefined) ?? 'user'
  const first = parseUsername(base)
  if (first) yield first
  for (let count = 0; count < suffixes; count++) {
    const suffix = `-${randomDigits()}`
    const next = parseUsername(cut(base, maxLength - suffix.length) + suffix)
    if (next) yield next
  }
}

function toUsername(name: string): string | undefined {
  const local = name.split('@')[0] ?? ''
  const text = local
    .normalize('NFKC')
    .trim()
    .replaceAll(/\s+/g, '.')
    .replaceAll(/[^\p{L}\p{M}\p{N}._+-]/gu, '')
  return parseUsername(cut(text, maxLength))?.display
}

/** Between characters, not within one. */
function cut(text: string, length: number): string {
  const characters = [...text]
  while (characters.join('').length > length) characters.pop()
  return characters.join('')
}
