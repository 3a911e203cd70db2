import type { JWK } from 'jose'
import type { NewSigningKey, SigningKeyStore } from '../keys/signing-key-store.ts'
import { type Database, inTransaction, orUnavailable, type Queryable } from './database.ts'
import { databaseNow } from './revocation-entries.ts'

/** Makes replicas that start on an empty database take turns; transaction-scoped, so that PgBouncer may stand between. */
const keyLockId = 4_010_203

interface SigningKeyRow {
  kid: string
  public_jwk: JWK
  sealed_private_jwk: string
  may_sign: boolean
}

export function createPrismaSigningKeyStore(database: Database): SigningKeyStore {
  return {
    async listPublished() {
      const rows = await orUnavailable(
        database.$queryRaw<SigningKeyRow[]>`
          SELECT kid, public_jwk, sealed_private_jwk, signs_from <= ${databaseNow} AS may_sign
          FROM signing_keys WHERE pulled_at IS NULL ORDER BY signs_from DESC, kid`
      )
      return rows.map((row) => ({
        kid: row.kid,
        publicJwk: row.public_jwk,
        sealedPrivateJwk: row.sealed_private_jwk,
        maySign: row.may_sign
      }))
    },
    async ensureFirst(make) {
      if (await hasKey(database)) return
      const key = await make()
      await orUnavailable(
        inTransaction(database, async (transaction) => {
          await transaction.$queryRaw`SELECT pg_advisory_xact_lock(${keyLockId}::bigint)::text`
          if (!(await hasKey(transaction))) await insert(transaction, key)
        })
      )
    }
  }

  async function hasKey(queryable: Queryable): Promise<boolean> {
    const rows = await queryable.$queryRaw<unknown[]>`SELECT 1 FROM signing_keys WHERE pulled_at IS NULL LIMIT 1`
    return rows.length > 0
  }

  async function insert(queryable: Queryable, key: NewSigningKey): Promise<void> {
    await queryable.$executeRaw`
      INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_jwk, signs_from)
      VALUES (${key.kid}, 'RS256', ${JSON.stringify(key.publicJwk)}::jsonb, ${key.sealedPrivateJwk}, ${databaseNow})`
  }
}
