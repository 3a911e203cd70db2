import { ConflictError, InvalidRequestError, NotFoundError } from '@countersign/oauth'
import { maxPasskeys } from '../../accounts/passkey-store.ts'
import type { UserStore } from '../../accounts/user-store.ts'
import { chooseLanguage } from '../../mail/mail.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { mustHaveSecondFactor, type SecondFactorPolicy } from '../../sign-in/needed-factor.ts'
import { userHandleOf } from '../../sign-in/passkey-ceremonies.ts'
import { askForRegistration, type PasskeyDeps, type PasskeyParty, takeRegistration } from '../../sign-in/passkeys.ts'
import { charge } from '../../sign-in/request-limits.ts'
import {
  creationOptions,
  newPasskeyBody,
  passkey,
  passkeyChange,
  passkeyList,
  passkeyParams,
  passkeySummary
} from '../../wire/passkeys.ts'
import { lastSecondFactor } from './second-factors.ts'

/** @throws {NotFoundError} where it is not known where people find the pages */
export function requirePasskeys({ passkeys, relyingParty }: PasskeyDeps): PasskeyParty {
  if (relyingParty) return { passkeys, relyingParty }
  throw new NotFoundError({
    description: 'This installation has no passkeys: its operator has to configure PAGES_URL with a domain.'
  })
}

/** Per account and hour. */
const additionsPerAccount = 60

/** `GET /auth/me/passkeys` */
export const listPasskeys = defineRoute(
  {
    method: 'get',
    path: '/auth/me/passkeys',
    summary: "The user's passkeys, the oldest first",
    access: 'user-in-person',
    response: { status: 200, schema: passkeyList },
    errors: [404]
  },
  (deps: PasskeyDeps) =>
    async ({ accessToken: { sub } }) => {
      const { passkeys, relyingParty } = requirePasskeys(deps)
      return {
        passkeys: (await passkeys.list(sub)).map(passkeySummary),
        rp_id: relyingParty.id,
        user_handle: Buffer.from(userHandleOf(sub)).toString('base64url')
      }
    }
)

/** `POST /auth/me/passkeys/options`: begins the registration of a passkey. */
export const beginPasskey = defineRoute(
  {
    method: 'post',
    path: '/auth/me/passkeys/options',
    summary: 'Options for `navigator.credentials.create()`; valid once, for 10 minutes, within this session',
    access: 'user-in-person',
    needsRecentSignIn: true,
    response: { status: 200, schema: creationOptions },
    errors: [404, 429]
  },
  ({ counters, ...deps }: PasskeyDeps & { counters: AttemptCounters }) =>
    async ({ accessToken: { sub, sid, preferred_username: username } }) => {
      const party = requirePasskeys(deps)
      await charge(counters, [
        { name: 'passkey_registration', key: sub, limit: additionsPerAccount, windowSeconds: 3600 }
      ])
      return { options: { ...(await askForRegistration(party, { user: { id: sub, username }, sessionId: sid })) } }
    }
)

/** `POST /auth/me/passkeys`: adds what the authenticator has made. No session ends. */
export const addPasskey = defineRoute(
  {
    method: 'post',
    path: '/auth/me/passkeys',
    summary: 'Add a passkey that an authenticator created; no session ends',
    access: 'user-in-person',
    needsRecentSignIn: true,
    body: newPasskeyBody,
    response: { status: 201, schema: passkey },
    errors: [404, 409]
  },
  ({ wakeMail, ...deps }: PasskeyDeps & { wakeMail(): void }) =>
    async ({ body: { name, credential }, accessToken: { sub: userId, sid: sessionId }, origin, ctx }) => {
      const party = requirePasskeys(deps)
      const made = await takeRegistration(party, { userId, sessionId, credential })
      if (!made) {
        throw new InvalidRequestError({
          description:
            'This passkey is not valid: it matches no open request of this session, or was not made for this site. Begin again.'
        })
      }
      const language = chooseLanguage(ctx.get('Accept-Language'))
      const added = await party.passkeys.add({ ...made, name }, { userId, sessionId, language, origin })
      switch (added.outcome) {
        case 'session_ended':
          throw sessionEnded()
        case 'too_many':
          throw new ConflictError({
            code: 'too_many_passkeys',
            description: `You have ${maxPasskeys} passkeys. Remove one first.`
          })
        case 'known':
          throw new ConflictError({ code: 'passkey_known', description: 'This passkey is known already.' })
      }
      wakeMail()
      return passkeySummary(added.passkey)
    }
)

const unknownPasskey = { description: 'You have no passkey with this id.' }

/** `PATCH /auth/me/passkeys/:id` */
export const renamePasskey = defineRoute(
  {
    method: 'patch',
    path: '/auth/me/passkeys/:id',
    summary: 'Rename a passkey',
    access: 'user-in-person',
    params: passkeyParams,
    body: passkeyChange,
    response: { status: 200, schema: passkey },
    errors: [404]
  },
  (deps: PasskeyDeps) =>
    async ({ params, body, accessToken }) => {
      const renamed = await requirePasskeys(deps).passkeys.rename(accessToken.sub, params.id, body.name)
      if (!renamed) throw new NotFoundError(unknownPasskey)
      return passkeySummary(renamed)
    }
)

export interface PasskeyRemovalDeps extends PasskeyDeps {
  users: Pick<UserStore, 'findCredentialsById'>
  secondFactor: SecondFactorPolicy
  wakeMail(): void
}

/** `DELETE /auth/me/passkeys/:id` */
export const removePasskey = defineRoute(
  {
    method: 'delete',
    path: '/auth/me/passkeys/:id',
    summary: 'Remove a passkey, unless it is the only way to sign in; no session ends',
    access: 'user-in-person',
    needsRecentSignIn: true,
    params: passkeyParams,
    response: { status: 204 },
    errors: [404, 409]
  },
  ({ users, secondFactor, wakeMail, ...deps }: PasskeyRemovalDeps) =>
    async ({ params, accessToken: { sub: userId, sid: sessionId }, origin, ctx }) => {
      const language = chooseLanguage(ctx.get('Accept-Language'))
      const { passkeys } = requirePasskeys(deps)
      const user = await users.findCredentialsById(userId)
      const keepsOne = mustHaveSecondFactor(secondFactor, user?.isAdmin === true)
      const outcome = await passkeys.remove(params.id, { userId, sessionId, language, origin, keepsOne })
      switch (outcome) {
        case 'session_ended':
          throw sessionEnded()
        case 'unknown':
          throw new NotFoundError(unknownPasskey)
        case 'last_factor':
          throw lastSecondFactor()
        case 'last_way_in':
          throw new ConflictError({
            code: 'last_way_in',
            description: 'You could not sign in any more. Set a password first, or add another passkey.'
          })
      }
      wakeMail()
    }
)
