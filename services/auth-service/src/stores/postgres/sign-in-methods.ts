import { Prisma } from '@countersign/prisma'
import { unusableMark } from '../../passwords/password-hashing.ts'

/** Whether the user `u` has a password. */
export const hasPassword = Prisma.sql`(u.imported_password_hash IS NOT NULL OR u.password_hash NOT LIKE ${`%${unusableMark}%`})`

/**
 * Whether the user `u` can sign in by a password, a passkey `k`, or an identity `i` at a provider that is enabled.
 * @param counts leaves out the one that is to go
 */
export function hasSignInMethod(counts: { passkey?: Prisma.Sql; identity?: Prisma.Sql }): Prisma.Sql {
  const { passkey = Prisma.sql`true`, identity = Prisma.sql`true` } = counts
  return Prisma.sql`(
    ${hasPassword} OR EXISTS (SELECT FROM passkeys k WHERE k.user_id = u.id AND ${passkey})
    OR EXISTS (SELECT FROM identities i JOIN identity_providers p ON p.id = i.provider_id
      WHERE i.user_id = u.id AND p.disabled_at IS NULL AND ${identity}))`
}
