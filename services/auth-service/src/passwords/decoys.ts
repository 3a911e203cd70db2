import { createHmac } from 'node:crypto'
import { describeError, type Logger, pause } from '@countersign/service-kit'
import { readImportedHash } from './imported-hashes.ts'
import { importedPrefix } from './verify-hash.ts'

/** How many users have a hash of one cost and length, and one of them. */
export interface HashCount {
  readonly example: string
  readonly users: number
}

export interface HashCounts {
  /** All users, roughly. */
  readonly users: number
  /** Those that have not signed in since they were imported. */
  readonly imported: readonly HashCount[]
}

/**
 * Hashes to verify for unknown usernames. Imported hashes take another time than ours; so while there are any, the same share of unknown
 * usernames takes that time. The username decides which, and always the same.
 */
export interface Decoys {
  /** @returns a hash that no password matches; `undefined` for one like those of today */
  hashFor(name: string): string | undefined
  close(): Promise<void>
}

export interface DecoysDeps {
  /** 32 bytes, the same in all replicas. */
  readonly key: Uint8Array
  readCounts(): Promise<HashCounts>
  readonly logger: Logger
}

const intervalMs = 5 * 60_000

/** Counts at once, and again every five minutes. Until it has counted, unknown names are like users of today. */
export async function startDecoys({ key, readCounts, logger }: DecoysDeps): Promise<Decoys> {
  let shares: { readonly hash: string; readonly upTo: number }[] = []
  const closing = new AbortController()
  await count()
  const counting = countUntilClosed()
  return {
    hashFor(name) {
      if (shares.length === 0) return undefined
      const place = createHmac('sha256', key).update(name).digest().readUInt32BE() / 2 ** 32
      return shares.find(({ upTo }) => place < upTo)?.hash
    },
    async close() {
      closing.abort()
      await counting
    }
  }

  async function countUntilClosed(): Promise<void> {
    for (;;) {
      await pause(intervalMs, closing.signal)
      if (closing.signal.aborted) return
      await count()
    }
  }

  async function count(): Promise<void> {
    try {
      shares = sharesOf(await readCounts())
    } catch (error) {
      logger.warn({ cause: describeError(error) }, 'the formats of imported passwords could not be counted')
    }
  }
}

function sharesOf({ users, imported }: HashCounts) {
  const total = Math.max(
    users,
    imported.reduce((sum, kind) => sum + kind.users, 0)
  )
  const kinds = imported.map(({ example, users }) => {
    const hash = readImportedHash(example, { allowsFastHashes: true })
    return { users, hash, name: `${hash.cost} ${example.length}` }
  })
  // In any other order another replica would give a name another hash.
  kinds.sort((one, other) => (one.name < other.name ? -1 : 1))
  let upTo = 0
  return kinds.map(({ users, hash }) => {
    upTo += users / total
    return { hash: importedPrefix + hash.decoy(), upTo }
  })
}
