import { Prisma } from '@countersign/prisma'
import {
  maxTries,
  type OneTimeSecretCodec,
  type OneTimeSecrets,
  type ProvenUser,
  type SecretProof,
  type SecretPurpose,
  type StoredSecret,
  secretLifetimeSeconds
} from '../../accounts/one-time-secrets.ts'
import type { Bytes } from '../../hashes.ts'
import type { Language, MailTemplate } from '../../mail/mail.ts'
import { type Database, orUnavailable, type Queryable } from './database.ts'
import type { WriteMail } from './mail-outbox.ts'
import { databaseNow, seconds } from './revocation-entries.ts'

/** What a mail with a secret needs. */
export interface MailCause {
  readonly codec: OneTimeSecretCodec
  readonly writeMail: WriteMail
}

/** Makes a new secret for a flow, in the place of an older one of its purpose, and mails it to the stored address. */
export async function mailSecret(
  transaction: Queryable,
  { codec, writeMail }: MailCause,
  {
    user: { id: userId, username, email },
    purpose,
    flowHash,
    language
  }: {
    user: { id: string; username: string; email: string }
    purpose: SecretPurpose & MailTemplate
    flowHash: Bytes
    language: Language
  }
): Promise<void> {
  const { secret, stored } = codec.newSecret(purpose, flowHash)
  await putSecret(transaction, { userId, purpose, address: email, stored })
  await writeMail(transaction, {
    userId,
    recipient: email,
    template: purpose,
    language,
    username,
    secret: { value: secret, lifetimeSeconds: secretLifetimeSeconds[purpose] }
  })
}

/**
 * Writes a secret in the place of an older one of its purpose.
 * @returns whether it did: with `keepsOlder`, one that is still valid stays
 */
export async function putSecret(
  transaction: Queryable,
  {
    userId,
    purpose,
    address,
    stored,
    keepsOlder = false
  }: { userId: string; purpose: SecretPurpose; address: string; stored: StoredSecret; keepsOlder?: boolean }
): Promise<boolean> {
  const { linkHash, codeHmac, flowHash } = stored
  const isReplaced = Prisma.sql`NOT ${keepsOlder} OR s.used_at IS NOT NULL OR s.expires_at <= ${databaseNow}`
  const written = await transaction.$executeRaw`
    INSERT INTO one_time_secrets AS s (user_id, purpose, address, link_hash, code_hmac, flow_hash, credentials_version, expires_at)
    SELECT id, ${purpose}, ${address}, ${linkHash}, ${codeHmac}, ${flowHash}, credentials_version,
      ${databaseNow} + ${seconds(secretLifetimeSeconds[purpose])}
    FROM users WHERE id = ${userId}::uuid
    ON CONFLICT (user_id, purpose) DO UPDATE SET address = EXCLUDED.address, link_hash = EXCLUDED.link_hash,
      code_hmac = EXCLUDED.code_hmac, flow_hash = EXCLUDED.flow_hash, credentials_version = EXCLUDED.credentials_version,
      expires_at = EXCLUDED.expires_at, tries = 0, used_at = NULL WHERE ${isReplaced}`
  return written > 0
}

/** Made after the last change of a credential. Version 0.1 changes passwords without a new version of the credentials. */
const isCurrent = (purpose: SecretPurpose) => Prisma.sql`u.credentials_version = s.credentials_version
  AND u.password_set_at <= s.expires_at - ${seconds(secretLifetimeSeconds[purpose])}`

/**
 * Valid for its purpose now: not used, not expired, and current. `u` is its user. What undoes a change of the address is valid whatever a
 * thief has changed since.
 */
const isGood = (
  purpose: SecretPurpose
) => Prisma.sql`s.purpose = ${purpose} AND s.used_at IS NULL AND s.expires_at > ${databaseNow}
  AND u.id = s.user_id AND u.disabled_at IS NULL AND ${purpose === 'email_undo' ? Prisma.sql`true` : isCurrent(purpose)}`

const matches = (proof: SecretProof) =>
  proof.kind === 'link'
    ? Prisma.sql`s.link_hash = ${proof.linkHash}${proof.flowHash ? Prisma.sql` AND s.flow_hash = ${proof.flowHash}` : Prisma.empty}`
    : Prisma.sql`s.flow_hash = ${proof.flowHash} AND s.code_hmac IN (${Prisma.join([...proof.codeHmacs])})`

/** Waits for running changes of a secret's user, so that the secret is checked after them. */
export async function lockOwner(transaction: Queryable, purpose: SecretPurpose, proof: SecretProof): Promise<void> {
  await transaction.$queryRaw`
    SELECT 1 FROM users u, one_time_secrets s WHERE ${matches(proof)} AND ${isGood(purpose)} FOR NO KEY UPDATE OF u`
}

/** Consumes a secret, in the transaction that does what it is for. Of many that try at once, one gets it. */
export async function consumeSecret(
  transaction: Queryable,
  purpose: SecretPurpose,
  proof: SecretProof
): Promise<{ userId: string; address: string } | undefined> {
  const [row] = await transaction.$queryRaw<{ user_id: string; address: string }[]>`
    UPDATE one_time_secrets s SET used_at = ${databaseNow} FROM users u
    WHERE ${matches(proof)} AND ${isGood(purpose)} RETURNING s.user_id, s.address`
  return row && { userId: row.user_id, address: row.address }
}

export function createPrismaOneTimeSecrets(database: Database): OneTimeSecrets {
  return {
    async countTry(purpose, flowHash) {
      const [row] = await orUnavailable(database.$queryRaw<{ user_id: string }[]>`
        UPDATE one_time_secrets s SET tries = s.tries + 1 FROM users u
        WHERE s.flow_hash = ${flowHash} AND s.tries < ${maxTries} AND ${isGood(purpose)} RETURNING s.user_id`)
      return row?.user_id
    },
    async refundTry(purpose, flowHash) {
      await orUnavailable(database.$executeRaw`
        UPDATE one_time_secrets SET tries = tries - 1 WHERE flow_hash = ${flowHash} AND purpose = ${purpose} AND tries > 0`)
    },
    async find(purpose, proof) {
      const [user] = await orUnavailable(database.$queryRaw<ProvenUser[]>`
        SELECT u.id AS "userId", u.username FROM one_time_secrets s, users u WHERE ${matches(proof)} AND ${isGood(purpose)}`)
      return user
    }
  }
}
