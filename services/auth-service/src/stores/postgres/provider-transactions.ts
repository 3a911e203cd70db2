import type { Bytes } from '../../hashes.ts'
import type { Sealing } from '../../keys/sealing.ts'
import { type ProviderTransactions, transactionSeconds } from '../../providers/provider-transactions.ts'
import { type Database, orUnavailable } from './database.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

interface TransactionRow {
  issuer: string
  nonce: string
  sealed_verifier: Uint8Array
  user_id: string | null
  session_id: string | null
  credentials_state: string | null
  asked_resource: string | null
  asked_scopes: string[] | null
}

const ownerOf = (secretHash: Bytes) => `provider transaction ${Buffer.from(secretHash).toString('base64url')}`

export function createPrismaProviderTransactions(database: Database, sealing: Sealing): ProviderTransactions {
  return {
    async begin({ secretHash, stateHash, providerId, issuer, nonce, verifier, within, grant }) {
      await orUnavailable(database.$executeRaw`
        INSERT INTO provider_transactions (secret_hash, state_hash, provider_id, issuer, nonce, sealed_verifier, purpose, user_id,
          session_id, credentials_state, asked_resource, asked_scopes, expires_at)
        VALUES (${secretHash}, ${stateHash}, ${providerId}, ${issuer}, ${nonce},
          ${sealing.seal(ownerOf(secretHash), Buffer.from(verifier))}, ${within?.purpose ?? 'sign_in'}, ${within?.userId ?? null}::uuid,
          ${within?.sessionId ?? null}::uuid, ${within?.credentialsState ?? null}, ${grant.resource ?? null}, ${grant.scopes ?? null}::text[],
          ${databaseNow} + ${seconds(transactionSeconds)})`)
    },
    async take({ secretHash, stateHash, providerId, purpose }) {
      const [row] = await orUnavailable(database.$queryRaw<TransactionRow[]>`
        DELETE FROM provider_transactions
        WHERE secret_hash = ${secretHash} AND state_hash = ${stateHash} AND provider_id = ${providerId} AND purpose = ${purpose}
          AND expires_at > ${databaseNow}
        RETURNING issuer, nonce, sealed_verifier, user_id, session_id, credentials_state, asked_resource, asked_scopes`)
      const verifier = row && sealing.open(ownerOf(secretHash), row.sealed_verifier)?.toString()
      if (!row || verifier === undefined) return undefined
      return {
        secretHash,
        stateHash,
        providerId,
        issuer: row.issuer,
        nonce: row.nonce,
        verifier,
        within:
          purpose !== 'sign_in' && row.user_id !== null && row.session_id !== null && row.credentials_state !== null
            ? { purpose, userId: row.user_id, sessionId: row.session_id, credentialsState: row.credentials_state }
            : undefined,
        grant: { resource: row.asked_resource ?? undefined, scopes: row.asked_scopes ?? undefined }
      }
    }
  }
}
