import { randomUUID } from 'node:crypto'
import {
  maxTrustedDevices,
  type TrustedDevice,
  type TrustedDevices,
  trustedDeviceSeconds
} from '../../sign-in/trusted-devices.ts'
import { recordAuditEvent } from './audit-events.ts'
import { credentialsState } from './credentials-state.ts'
import { type Database, inTransaction, orUnavailable } from './database.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

export function createPrismaTrustedDevices(database: Database): TrustedDevices {
  return {
    add: ({ userId, credentialsState: state, tokenHash, origin }) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          await transaction.$executeRaw`
            INSERT INTO trusted_devices (id, user_id, token_hash, credentials_state, address, user_agent, expires_at)
            SELECT ${randomUUID()}::uuid, id, ${tokenHash}, ${state}, ${origin.address}, ${origin.userAgent},
              ${databaseNow} + ${seconds(trustedDeviceSeconds)}
            FROM users WHERE id = ${userId}::uuid FOR NO KEY UPDATE`
          await transaction.$executeRaw`
            DELETE FROM trusted_devices WHERE id IN (
              SELECT id FROM trusted_devices WHERE user_id = ${userId}::uuid ORDER BY last_used_at DESC, id OFFSET ${maxTrustedDevices})`
          await recordAuditEvent(transaction, { type: 'trusted_device.added', userId, origin })
        })
      ),
    async use({ userId, tokenHash }) {
      const [row] = await orUnavailable(database.$queryRaw<{ id: string }[]>`
        UPDATE trusted_devices d SET last_used_at = ${databaseNow} FROM users
        WHERE d.token_hash = ${tokenHash} AND d.user_id = ${userId}::uuid AND users.id = d.user_id AND d.expires_at > ${databaseNow}
          AND d.credentials_state = ${credentialsState} RETURNING d.id`)
      return row?.id
    },
    list: (userId) =>
      orUnavailable(database.$queryRaw<TrustedDevice[]>`
        SELECT d.id, d.created_at AS "createdAt", d.last_used_at AS "lastUsedAt", d.expires_at AS "expiresAt", d.address,
          d.user_agent AS "userAgent"
        FROM trusted_devices d JOIN users ON users.id = d.user_id
        WHERE d.user_id = ${userId}::uuid AND d.expires_at > ${databaseNow} AND d.credentials_state = ${credentialsState}
        ORDER BY d.last_used_at DESC, d.id`),
    remove: (userId, id, sessionId) =>
      orUnavailable(
        inTransaction(database, async (transaction) => {
          const removed = await transaction.$executeRaw`
            DELETE FROM trusted_devices WHERE id = ${id}::uuid AND user_id = ${userId}::uuid`
          if (removed > 0) await recordAuditEvent(transaction, { type: 'trusted_device.removed', userId, sessionId })
          return removed > 0
        })
      )
  }
}
