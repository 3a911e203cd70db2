import { ConflictError, NotFoundError } from '@countersign/oauth'
import { acceptJsonBody } from '@countersign/service-kit'
import type { Context, Middleware } from 'koa'
import type { KeySchedule } from '../keys/key-schedule.ts'
import type { KeyOverview, SigningKeyAdministration } from '../keys/signing-key-administration.ts'
import type { KeyChangeCause, StoredSigningKey } from '../keys/signing-key-store.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { RevocationRelay } from '../revocation/revocation-relay.ts'
import { type KeyChangeBody, keyChangeBody } from './bodies.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminKeysDeps {
  keyAdministration: SigningKeyAdministration
  keySchedule: Pick<KeySchedule, 'runNow'>
  signingKeys: Pick<SigningKeys, 'verificationKeys'>
  relay: RevocationRelay
  /** Sets `ctx.state.accessToken` of an admin, or answers 401 or 403. */
  requireAdmin: Middleware
}

/** `GET /admin/keys`: the signing keys and what comes next. There are a few dozen at most, so there is one page. */
export function listKeys({ keyAdministration, requireAdmin }: AdminKeysDeps): Middleware[] {
  return [
    requireAdmin,
    async function answerKeys(ctx) {
      ctx.set('Cache-Control', 'no-store')
      ctx.body = keysOnWire(await keyAdministration.overview())
    }
  ]
}

/** `POST /admin/keys/rotate`: the spare key signs from now on. The former one stays published until its tokens are dead. */
export function rotateKeys({ keyAdministration, keySchedule, requireAdmin }: AdminKeysDeps): Middleware[] {
  return [
    requireAdmin,
    acceptJsonBody(keyChangeBody),
    async function answerRotation(ctx) {
      const result = await keyAdministration.rotate(causeOf(ctx))
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'too_early') {
        throw new ConflictError({
          code: 'rotation_too_early',
          description: 'The next key was published too short a while ago: some verifiers may not know it yet.',
          headers: { 'Retry-After': String(result.inSeconds) }
        })
      }
      if (result.outcome === 'too_many_keys') {
        throw new ConflictError({
          code: 'too_many_keys',
          description: 'Too many keys are published still. Rotate again when some of them are removed.'
        })
      }
      if (result.outcome === 'spare_unusable') {
        throw new ConflictError({
          code: 'spare_unusable',
          description:
            'The next key cannot be opened with the master keys of this replica. Pull it, and another is made.'
        })
      }
      await keySchedule.runNow()
      ctx.set('Cache-Control', 'no-store')
      ctx.body = keysOnWire(await keyAdministration.overview())
    }
  ]
}

/** `POST /admin/keys/:kid/pull`: for a key that may be known to others. Each token it signed is refused from now on. */
export function pullKey({
  keyAdministration,
  keySchedule,
  signingKeys,
  relay,
  requireAdmin
}: AdminKeysDeps): Middleware[] {
  return [
    requireAdmin,
    acceptJsonBody(keyChangeBody),
    async function answerPull(ctx) {
      const { kid } = ctx.params
      const result = isKid(kid) ? await keyAdministration.pull(kid, causeOf(ctx)) : { outcome: 'unknown' as const }
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'unknown') throw new NotFoundError({ description: 'There is no key with this kid.' })
      if (result.outcome === 'pulled') {
        // Here at once, wherever the announcement gets to.
        signingKeys.verificationKeys.remove(kid)
        await relay.announce(result.entries)
      }
      await keySchedule.runNow()
      ctx.set('Cache-Control', 'no-store')
      ctx.body = keysOnWire(await keyAdministration.overview())
    }
  ]
}

/** A thumbprint in base64url, as every key of this issuer has for its kid (RFC 7638). */
function isKid(text: string): boolean {
  return /^[\w-]{1,64}$/.test(text)
}

function causeOf(ctx: Context): KeyChangeCause {
  const { reason = 'admin' } = (ctx.state.body ?? {}) as KeyChangeBody
  return { actorId: ctx.state.accessToken.sub, reason }
}

/** The keys on the wire. */
export function keysOnWire({ keys, rotationPossibleAt, nextRotationAt }: KeyOverview) {
  return {
    keys: keys.map(keyOnWire),
    rotation_possible_at: rotationPossibleAt?.toISOString() ?? null,
    next_rotation_at: nextRotationAt?.toISOString() ?? null
  }
}

function keyOnWire({ kid, state, publicJwk, createdAt, signsFrom, retiredAt, pulledAt }: StoredSigningKey) {
  return {
    kid,
    state,
    algorithm: 'RS256',
    bits: Buffer.from(String(publicJwk.n ?? ''), 'base64url').length * 8,
    created_at: createdAt.toISOString(),
    signs_from: signsFrom?.toISOString() ?? null,
    retired_at: retiredAt?.toISOString() ?? null,
    pulled_at: pulledAt?.toISOString() ?? null
  }
}
