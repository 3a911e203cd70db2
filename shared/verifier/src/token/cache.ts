/** Values by the exact string of a token. */
export interface TokenCache<T> {
  get(token: string): T | undefined
  /** @param identifiers what the token can be found by, besides itself */
  set(token: string, value: T, identifiers: readonly string[]): void
  delete(token: string): void
  /** The values of the tokens that have this identifier. */
  having(identifier: string): T[]
  /** The value of each token. */
  all(): Iterable<T>
  clear(): void
  readonly size: number
}

interface CachedToken<T> {
  readonly token: string
  readonly value: T
  readonly identifiers: readonly string[]
}

interface Generation<T> {
  readonly tokens: Map<number, CachedToken<T>>
  /** The name of the token that has an identifier, or the names: most have one. */
  readonly namesOf: Map<string, number | Set<number>>
  characters: number
}

/** The most characters of tokens in each generation, whatever their count. */
const maxCharacters = 16 * 1024 * 1024
const namedCharacters = 8

/**
 * Keeps at most `size` tokens, and at least half as many of those that were used last. Two generations take turns: what is
 * used moves into the young one, and when that has filled its half, it becomes the old one and the former old one is
 * dropped. So a look-up costs one look into a map, where a list in the order of use would cost a move for each.
 *
 * Only tokens whose signature has verified may be given.
 */
export function createTokenCache<T>(size: number): TokenCache<T> {
  const half = Math.max(1, Math.floor(size / 2))
  let young = newGeneration<T>()
  let old = newGeneration<T>()

  const keep = (name: number, cached: CachedToken<T>) => {
    if (young.tokens.size >= half || young.characters >= maxCharacters) {
      old = 2 * half <= size ? young : newGeneration()
      young = newGeneration()
    }
    drop(old, name)
    drop(young, name)
    young.tokens.set(name, cached)
    young.characters += cached.token.length
    for (const identifier of cached.identifiers) {
      const known = young.namesOf.get(identifier)
      if (known instanceof Set) known.add(name)
      else young.namesOf.set(identifier, known === undefined ? name : new Set([known, name]))
    }
  }

  return {
    get(token) {
      const name = nameOf(token)
      const known = young.tokens.get(name)
      if (known !== undefined) return known.token === token ? known.value : undefined
      const older = old.tokens.get(name)
      if (older === undefined || older.token !== token) return undefined
      keep(name, older)
      return older.value
    },
    set(token, value, identifiers) {
      if (size > 0) keep(nameOf(token), { token, value, identifiers })
    },
    delete(token) {
      for (const generation of [young, old]) drop(generation, nameOf(token))
    },
    having: (identifier) =>
      [young, old].flatMap(({ tokens, namesOf }) =>
        listOf(namesOf.get(identifier)).map((name) => (tokens.get(name) as CachedToken<T>).value)
      ),
    *all() {
      for (const { tokens } of [young, old]) for (const { value } of tokens.values()) yield value
    },
    clear() {
      young = newGeneration()
      old = newGeneration()
    },
    get size() {
      return young.tokens.size + old.tokens.size
    }
  }
}

function newGeneration<T>(): Generation<T> {
  return { tokens: new Map(), namesOf: new Map(), characters: 0 }
}

function drop<T>({ tokens, namesOf }: Generation<T>, name: number): void {
  const cached = tokens.get(name)
  if (!cached) return
  tokens.delete(name)
  for (const identifier of cached.identifiers) {
    const known = namesOf.get(identifier)
    if (known instanceof Set) known.delete(name)
    if (known === name || (known instanceof Set && known.size === 0)) namesOf.delete(identifier)
  }
}

function listOf(names: number | Set<number> | undefined): readonly number[] {
  return names === undefined ? [] : typeof names === 'number' ? [names] : [...names]
}

/**
 * 32 bits out of the end of the signature, which differs from token to token like a random number: a map that hashes a whole
 * token takes many times as long. A forged token with the same end finds an entry whose token differs; of two
 * valid tokens with one name, one in four thousand million, the later one is cached.
 */
function nameOf(token: string): number {
  let name = 0
  for (let at = Math.max(0, token.length - namedCharacters); at < token.length; at++) {
    name = (Math.imul(name, 31) + token.charCodeAt(at)) | 0
  }
  return name
}
