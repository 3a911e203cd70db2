import { randomBytes } from 'node:crypto'
import { query } from './database.ts'

/** The signing keys of one trio. */
export interface TrioKeys {
  /** As `COUNTERSIGN_MASTER_KEY`. */
  readonly masterKey: string
  /** Puts the keys into a new database, if they were made before. */
  seed(databaseUrl: string): Promise<void>
  /** Keeps those that a trio has made. */
  keep(databaseUrl: string): Promise<void>
  /** For the next trio. */
  release(): void
}

const free: TrioKeys[] = []

/**
 * Keys for one trio, which no other one has at the same time. A trio makes two RSA keys when it first starts, for half a second of
 * processor time; the next one on a new database gets those of one that has ended.
 */
export function takeTrioKeys(): TrioKeys {
  return free.pop() ?? createTrioKeys()
}

function createTrioKeys(): TrioKeys {
  let rows: readonly object[] = []
  const keys: TrioKeys = {
    masterKey: randomBytes(32).toString('base64'),
    async seed(databaseUrl) {
      if (rows.length > 0) await query(databaseUrl, insertKeys, [JSON.stringify(rows)])
    },
    async keep(databaseUrl) {
      if (rows.length === 0) rows = await query(databaseUrl, 'SELECT * FROM signing_keys')
    },
    release() {
      if (!free.includes(keys)) free.push(keys)
    }
  }
  return keys
}

const insertKeys = `
  INSERT INTO signing_keys SELECT key.* FROM json_populate_recordset(NULL::signing_keys, $1) key
  WHERE NOT EXISTS (SELECT FROM signing_keys)`
