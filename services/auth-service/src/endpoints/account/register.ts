import { ConflictError, InvalidRequestError } from '@countersign/oauth'
import type { UserStore } from '../../accounts/user-store.ts'
import { parseUsername, type Username } from '../../accounts/usernames.ts'
import { wantedLanguage } from '../../mail/mail.ts'
import type { PasswordHashing } from '../../passwords/password-hashing.ts'
import { refusalOfPassword } from '../../passwords/password-policy.ts'
import { defineRoute } from '../../routing/route.ts'
import type { AttemptCounters } from '../../sign-in/attempt-counters.ts'
import { flowOfAttempt } from '../../sign-in/attempt-flow.ts'
import type { PasskeyDeps } from '../../sign-in/passkeys.ts'
import { chargeAddress } from '../../sign-in/request-limits.ts'
import { registerBody, registrationState } from '../../wire/account.ts'
import { registeredUser } from '../../wire/users.ts'
import type { AccountMailDeps } from './account-mail.ts'

export interface RegisterDeps {
  users: Pick<UserStore, 'create'>
  passwords: PasswordHashing
  counters: AttemptCounters
  registrationsPerAddress: number
}

export interface RegistrationDeps extends AccountMailDeps, Pick<PasskeyDeps, 'relyingParty'> {
  registration: 'open' | 'closed'
}

/** `GET /auth/register`: whether registration is open, and whether there are mail and passkeys, for pages that offer what needs them. */
export const showRegistration = defineRoute(
  {
    method: 'get',
    path: '/auth/register',
    summary:
      'Whether users can register themselves, reset their passwords by mail, and sign in by mail and with passkeys',
    access: 'public',
    response: { status: 200, schema: registrationState }
  },
  ({ registration, accountMail, relyingParty }: RegistrationDeps) =>
    () => ({
      registration,
      mail: accountMail !== undefined,
      mail_sign_in: accountMail?.signIn !== undefined,
      passkeys: relyingParty !== undefined
    })
)

/** `POST /auth/register`: creates a user without roles. */
export const register = defineRoute(
  {
    method: 'post',
    path: '/auth/register',
    summary: 'Register a user',
    access: 'registrant',
    limit: 'password-hashing',
    body: registerBody,
    response: { status: 201, schema: registeredUser },
    errors: [409, 429]
  },
  (deps: RegisterDeps) =>
    async ({ body, origin, ctx }) => {
      const username = parseUsername(body.username) as Username // checked by the schema of the body
      const refusal = await refusalOfPassword(body.password, username.display)
      if (refusal) {
        throw new InvalidRequestError({ description: refusal, issues: [{ path: 'password', message: refusal }] })
      }
      await chargeAddress(deps.counters, {
        name: 'registration',
        address: origin.address,
        limit: deps.registrationsPerAddress
      })
      const user = await deps.users.create({
        username,
        email: body.email,
        passwordHash: await deps.passwords.hash(body.password, flowOfAttempt(username.key, origin.address)),
        language: wantedLanguage(ctx.get('Accept-Language')),
        roles: [],
        origin
      })
      if (!user) throw new ConflictError({ code: 'username_taken', description: 'This username is taken.' })
      return { id: user.id, username: user.username, roles: user.roles }
    }
)
