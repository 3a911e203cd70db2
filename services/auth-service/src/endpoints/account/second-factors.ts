import { ConflictError, NotFoundError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import type { Sealing } from '../../keys/sealing.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import { openSeed, wrongSetUpCode } from '../../sign-in/continue-sign-in.ts'
import { mustHaveSecondFactor, type SecondFactorPolicy } from '../../sign-in/needed-factor.ts'
import { newRecoveryCodes } from '../../sign-in/recovery-codes.ts'
import type { SecondFactors } from '../../sign-in/second-factors.ts'
import { newSeed, setUpOf, stepOfCode } from '../../sign-in/totp.ts'
import type { TrustedDevices } from '../../sign-in/trusted-devices.ts'
import {
  factorOverview,
  recoveryCodes,
  totpConfirmation,
  totpOnWire,
  totpSetUp,
  trustedDeviceOnWire,
  trustedDeviceParams
} from '../../wire/second-factors.ts'

export interface SecondFactorDeps {
  factors: Omit<SecondFactors, 'reset'>
  trustedDevices: TrustedDevices
  totpSealing: Sealing
  users: Pick<UserStore, 'findCredentialsById'>
  secondFactor: SecondFactorPolicy
  productName: string
  wakeMail(): void
}

/** `GET /auth/me/second-factors`: the user's authenticator app, recovery codes and trusted devices. */
export const showSecondFactors = defineRoute(
  {
    method: 'get',
    path: '/auth/me/second-factors',
    summary: "The user's second factors besides passkeys, and trusted devices",
    access: 'user-in-person',
    response: { status: 200, schema: factorOverview }
  },
  ({ factors, trustedDevices, users, secondFactor }: SecondFactorDeps) =>
    async ({ accessToken: { sub: userId } }) => {
      const [overview, devices, user] = await Promise.all([
        factors.overview(userId),
        trustedDevices.list(userId),
        users.findCredentialsById(userId)
      ])
      return {
        totp: totpOnWire(overview.totp),
        recovery_codes_left: overview.recoveryCodesLeft,
        has_second_factor: user !== undefined && user.secondFactors.length > 0,
        is_required: mustHaveSecondFactor(secondFactor, user?.isAdmin === true),
        trusted_devices: devices.map(trustedDeviceOnWire)
      }
    }
)

/** `POST /auth/me/totp`: begins to set up an authenticator app. It counts once it is confirmed. */
export const beginTotp = defineRoute(
  {
    method: 'post',
    path: '/auth/me/totp',
    summary: 'Begin to set up an authenticator app (RFC 6238)',
    access: 'user-in-person',
    needsRecentSignIn: true,
    response: { status: 200, schema: totpSetUp },
    errors: [409]
  },
  ({ factors, totpSealing, productName }: SecondFactorDeps) =>
    async ({ accessToken: { sub: userId, sid: sessionId, preferred_username: username } }) => {
      const seed = newSeed()
      const outcome = await factors.beginTotp({ userId, sessionId, sealedSeed: totpSealing.seal(userId, seed) })
      if (outcome === 'exists') {
        throw new ConflictError({
          code: 'totp_exists',
          description: 'This account has an authenticator app already. Remove it to set up another one.'
        })
      }
      return setUpOf(seed, { product: productName, username })
    }
)

/** `POST /auth/me/totp/confirm`: adds the authenticator app with the first code that it shows. */
export const confirmTotp = defineRoute(
  {
    method: 'post',
    path: '/auth/me/totp/confirm',
    summary: 'Add the authenticator app that was set up; the response has new recovery codes',
    access: 'user-in-person',
    needsRecentSignIn: true,
    body: totpConfirmation,
    response: { status: 200, schema: recoveryCodes },
    errors: [404]
  },
  ({ factors, totpSealing, wakeMail }: SecondFactorDeps) =>
    async ({ body, accessToken: { sub: userId, sid: sessionId }, origin, ctx }) => {
      const sealed = await factors.pendingSeedOf({ userId, sessionId })
      if (!sealed) throw noSetUp()
      const step = stepOfCode(openSeed(totpSealing, userId, sealed), body.totp)
      if (step === undefined) throw wrongSetUpCode()
      const { codes, hashes } = newRecoveryCodes()
      const language = chooseLanguage(ctx.get('Accept-Language'))
      const sealedSeed = Uint8Array.from(sealed)
      const change = { userId, sessionId, language, origin }
      const outcome = await factors.confirmTotp({ ...change, sealedSeed, step, recoveryHashes: hashes })
      if (outcome === 'session_ended') throw sessionEnded()
      if (outcome === 'expired') throw noSetUp()
      wakeMail()
      return { recovery_codes: codes }
    }
)

/** `DELETE /auth/me/totp`: removes the authenticator app. */
export const removeTotp = defineRoute(
  {
    method: 'delete',
    path: '/auth/me/totp',
    summary: 'Remove the authenticator app',
    access: 'user-in-person',
    needsRecentSignIn: true,
    response: { status: 204 },
    errors: [404, 409]
  },
  ({ factors, users, secondFactor, wakeMail }: SecondFactorDeps) =>
    async ({ accessToken: { sub: userId, sid: sessionId }, origin, ctx }) => {
      const user = await users.findCredentialsById(userId)
      const outcome = await factors.removeTotp({
        userId,
        sessionId,
        language: chooseLanguage(ctx.get('Accept-Language')),
        origin,
        keepsOne: mustHaveSecondFactor(secondFactor, user?.isAdmin === true)
      })
      if (outcome === 'session_ended') throw sessionEnded()
      if (outcome === 'none') throw new NotFoundError({ description: 'This account has no authenticator app.' })
      if (outcome === 'last') throw lastSecondFactor()
      wakeMail()
    }
)

/** `POST /auth/me/recovery-codes`: makes new recovery codes, which invalidate the older ones. */
export const renewRecoveryCodes = defineRoute(
  {
    method: 'post',
    path: '/auth/me/recovery-codes',
    summary: 'Create new recovery codes, which replace the previous ones',
    access: 'user-in-person',
    needsRecentSignIn: true,
    response: { status: 200, schema: recoveryCodes },
    errors: [409]
  },
  ({ factors, wakeMail }: SecondFactorDeps) =>
    async ({ accessToken: { sub: userId, sid: sessionId }, origin, ctx }) => {
      const { codes, hashes } = newRecoveryCodes()
      const language = chooseLanguage(ctx.get('Accept-Language'))
      const outcome = await factors.renewRecoveryCodes({ userId, sessionId, language, origin, hashes })
      if (outcome === 'session_ended') throw sessionEnded()
      if (outcome === 'none') {
        throw new ConflictError({
          code: 'no_second_factor',
          description: 'Recovery codes replace a second factor: set one up first.'
        })
      }
      wakeMail()
      return { recovery_codes: codes }
    }
)

/** `DELETE /auth/me/trusted-devices/:id` */
export const removeTrustedDevice = defineRoute(
  {
    method: 'delete',
    path: '/auth/me/trusted-devices/:id',
    summary: 'Stop trusting a device: its next sign-in requires the second factor',
    access: 'user-in-person',
    params: trustedDeviceParams,
    response: { status: 204 }
  },
  ({ trustedDevices }: SecondFactorDeps) =>
    async ({ params, accessToken: { sub, sid } }) => {
      if (!(await trustedDevices.remove(sub, params.id, sid))) {
        throw new NotFoundError({ description: 'There is no such trusted device.' })
      }
    }
)

export function lastSecondFactor(): ConflictError {
  return new ConflictError({
    code: 'last_second_factor',
    description: 'This account has to have a second factor: add another one before you remove this one.'
  })
}

function noSetUp(): NotFoundError {
  return new NotFoundError({
    description: 'No authenticator app is being set up, or it took too long. Start again.'
  })
}
