/** What was found out about tokens, by the exact string. */
export interface RememberedTokens<T> {
  get(token: string): T | undefined
  set(token: string, value: T): void
  delete(token: string): void
  clear(): void
  readonly size: number
}

interface Remembered<T> {
  readonly token: string
  readonly value: T
}

/** The most characters of tokens in each generation, whatever their count. */
const maxCharacters = 16 * 1024 * 1024
const nameLength = 32

/**
 * Remembers at most `size` tokens, and of those that were used last at least half as many. Two generations take turns: what is
 * used moves into the young one, and when that has filled its half, it becomes the old one and the former old one is
 * forgotten. So a look-up costs one look into a map, where a list in the order of use would cost a move for each.
 *
 * Only tokens whose signature has verified may be given.
 */
export function createRememberedTokens<T>(size: number): RememberedTokens<T> {
  const half = Math.max(1, Math.floor(size / 2))
  let young = new Map<string, Remembered<T>>()
  let old = new Map<string, Remembered<T>>()
  let characters = 0

  const keep = (name: string, remembered: Remembered<T>) => {
    if (young.size >= half || characters >= maxCharacters) {
      old = 2 * half <= size ? young : new Map()
      young = new Map()
      characters = 0
    }
    old.delete(name)
    young.set(name, remembered)
    characters += remembered.token.length
  }

  return {
    get(token) {
      const name = nameOf(token)
      const known = young.get(name)
      if (known !== undefined) return known.token === token ? known.value : undefined
      const older = old.get(name)
      if (older === undefined || older.token !== token) return undefined
      keep(name, older)
      return older.value
    },
    set(token, value) {
      if (size > 0) keep(nameOf(token), { token, value })
    },
    delete(token) {
      young.delete(nameOf(token))
      old.delete(nameOf(token))
    },
    clear() {
      young.clear()
      old.clear()
      characters = 0
    },
    get size() {
      return young.size + old.size
    }
  }
}

/**
 * The end of the signature, which differs from token to token like a random number: a map that hashes a whole token takes
 * six times as long. Whoever makes up a token with the same end finds an entry that is compared and not his.
 */
function nameOf(token: string): string {
  return token.slice(-nameLength)
}
