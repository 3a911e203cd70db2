import { z } from 'zod'
import type { KeyOverview } from '../keys/signing-key-administration.ts'
import { keyStates, type StoredSigningKey } from '../keys/signing-key-store.ts'

/** The signing keys on the wire. */

/** Of `/admin/keys/:kid`: a thumbprint in base64url, as every key of this issuer has for its kid (RFC 7638). */
export const keyParams = z.object({
  kid: z.string().regex(/^[\w-]{1,64}$/, { error: 'There is no key with this kid.' })
})

/** `POST /admin/keys/rotate` and `/admin/keys/:kid/revoke` */
export const keyChangeBody = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(200)
    .refine((text) => text.isWellFormed() && !text.includes('\0'), { error: 'must be valid Unicode' })
    .optional()
    .meta({ description: 'why, for the audit log' })
})
export type KeyChangeBody = z.infer<typeof keyChangeBody>

const moment = z.iso.datetime().nullable()

const signingKey = z
  .object({
    kid: z.string(),
    state: z.enum(keyStates),
    algorithm: z.literal('RS256'),
    bits: z.int(),
    created_at: z.iso.datetime(),
    signs_from: moment,
    retired_at: moment,
    revoked_at: moment,
    pulled_at: moment.meta({ deprecated: true, description: 'the name of `revoked_at` in 0.1' })
  })
  .meta({ id: 'SigningKey' })

export const keyList = z
  .object({
    keys: z.array(signingKey),
    rotation_possible_at: moment.meta({ description: 'when the next key may sign' }),
    next_rotation_at: moment.meta({ description: 'when it will, by the schedule' })
  })
  .meta({ id: 'KeyList' })

/** The keys on the wire. */
export function keysOnWire({ keys, rotationPossibleAt, nextRotationAt }: KeyOverview) {
  return {
    keys: keys.map(keyOnWire),
    rotation_possible_at: rotationPossibleAt?.toISOString() ?? null,
    next_rotation_at: nextRotationAt?.toISOString() ?? null
  }
}

function keyOnWire({ kid, state, publicJwk, createdAt, signsFrom, retiredAt, revokedAt }: StoredSigningKey) {
  return {
    kid,
    state,
    algorithm: 'RS256' as const,
    bits: Buffer.from(String(publicJwk.n ?? ''), 'base64url').length * 8,
    created_at: createdAt.toISOString(),
    signs_from: signsFrom?.toISOString() ?? null,
    retired_at: retiredAt?.toISOString() ?? null,
    revoked_at: revokedAt?.toISOString() ?? null,
    pulled_at: revokedAt?.toISOString() ?? null
  }
}
