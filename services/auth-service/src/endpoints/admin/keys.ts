import { ConflictError, NotFoundError } from '@countersign/oauth'
import type { KeySchedule } from '../../keys/key-schedule.ts'
import type { RotationOutcome, SigningKeyAdministration } from '../../keys/signing-key-administration.ts'
import type { Announced, Announcing } from '../../revocation/announcing.ts'
import { defineRoute, type UserAccessToken } from '../../routing/route.ts'
import { type KeyChangeBody, keyChangeBody, keyList, keyParams, keysOnWire } from '../../wire/keys.ts'
import { noLongerAdmin } from './no-longer-admin.ts'

export interface AdminKeysDeps {
  keyAdministration: Announcing<SigningKeyAdministration>
  keySchedule: Pick<KeySchedule, 'runNow'>
}

/** `GET /admin/keys`: the signing keys and the next rotation. There are a few dozen at most, so there is one page. */
export const listKeys = defineRoute(
  {
    method: 'get',
    path: '/admin/keys',
    summary: 'The signing keys, and when the next one will sign',
    access: 'admin',
    response: { status: 200, schema: keyList }
  },
  ({ keyAdministration }: AdminKeysDeps) =>
    async () =>
      keysOnWire(await keyAdministration.overview())
)

/** `POST /admin/keys/rotate`: the next key signs from now on. The old one stays published until its tokens have expired. */
export const rotateKeys = defineRoute(
  {
    method: 'post',
    path: '/admin/keys/rotate',
    summary: 'Rotate: the next key signs from now on, and no token becomes invalid',
    access: 'admin',
    body: keyChangeBody,
    bodyFormat: 'optional-json',
    response: { status: 200, schema: keyList },
    errors: [409]
  },
  ({ keyAdministration, keySchedule }: AdminKeysDeps) =>
    async ({ body, accessToken }) => {
      requireRotated(await keyAdministration.rotate(causeOf(body, accessToken)))
      await keySchedule.runNow()
      return keysOnWire(await keyAdministration.overview())
    }
)

/** `POST /admin/keys/:kid/revoke`: for a key that may have leaked. Each token that it signed is rejected from now on. */
export const revokeKey = defineRoute(
  {
    method: 'post',
    path: '/admin/keys/:kid/revoke',
    formerPath: '/admin/keys/:kid/pull',
    summary: 'Revoke a key in an emergency: each token it signed is rejected from now on',
    access: 'admin',
    params: keyParams,
    body: keyChangeBody,
    bodyFormat: 'optional-json',
    response: { status: 200, schema: keyList }
  },
  ({ keyAdministration, keySchedule }: AdminKeysDeps) =>
    async ({ params, body, accessToken }) => {
      const result = await keyAdministration.revoke(params.kid, causeOf(body, accessToken))
      if (result.outcome === 'not_an_admin') throw noLongerAdmin()
      if (result.outcome === 'unknown') throw new NotFoundError({ description: 'There is no key with this kid.' })
      await keySchedule.runNow()
      return keysOnWire(await keyAdministration.overview())
    }
)

function requireRotated(result: Announced<RotationOutcome>): void {
  if (result.outcome === 'not_an_admin') throw noLongerAdmin()
  if (result.outcome === 'too_early') {
    throw new ConflictError({
      code: 'rotation_too_early',
      description: 'The next key was published too recently: some verifiers may not know it yet.',
      headers: { 'Retry-After': String(result.inSeconds) }
    })
  }
  if (result.outcome === 'too_many_keys') {
    throw new ConflictError({
      code: 'too_many_keys',
      description: 'Too many keys are still published. Rotate again when some of them are removed.'
    })
  }
  if (result.outcome === 'next_key_unusable') {
    throw new ConflictError({
      code: 'next_key_unusable',
      description:
        'The next key cannot be opened with the master keys of this replica. Revoke it, and another is created.'
    })
  }
}

function causeOf({ reason = 'admin' }: KeyChangeBody, { sub }: UserAccessToken) {
  return { actorId: sub, reason }
}
