/** What was found out about tokens, by the exact string. */
export interface RememberedTokens<T> {
  get(token: string): T | undefined
  set(token: string, value: T): void
  delete(token: string): void
  clear(): void
  readonly size: number
}

/** The most characters of tokens in each generation, whatever their count. */
const maxCharacters = 16 * 1024 * 1024

/**
 * Remembers at most `size` tokens, and of those that were used last at least half as many. Two generations take turns: what is
 * used moves into the young one, and when that has filled its half, it becomes the old one and the former old one is
 * forgotten. So a look-up costs one look into a map, where a list in the order of use would cost a move for each.
 */
export function createRememberedTokens<T>(size: number): RememberedTokens<T> {
  const half = Math.max(1, Math.floor(size / 2))
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  let characters = 0

  const set = (token: string, value: T) => {
    if (size === 0) return
    if (young.size >= half || characters >= maxCharacters) {
      old = 2 * half <= size ? young : new Map()
      young = new Map()
      characters = 0
    }
    old.delete(token)
    young.set(token, value)
    characters += token.length
  }

  return {
    get(token) {
      const value = young.get(token)
      if (value !== undefined) return value
      const older = old.get(token)
      if (older !== undefined) set(token, older)
      return older
    },
    set,
    delete(token) {
      young.delete(token)
      old.delete(token)
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
