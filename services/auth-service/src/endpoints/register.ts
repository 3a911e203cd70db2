import { AccessDeniedError, ConflictError, InvalidRequestError, TooManyRequestsError } from '@countersign/oauth'
import { requireJsonBody } from '@countersign/service-kit'
import type { Context, Middleware, Next } from 'koa'
import { networkOf } from '../accounts/networks.ts'
import type { PasswordHashing } from '../accounts/password-hashing.ts'
import { refusalOfPassword } from '../accounts/password-policy.ts'
import type { AttemptCounter } from '../accounts/sign-in-limits.ts'
import type { UserStore } from '../accounts/user-store.ts'
import { parseUsername, type Username } from '../accounts/usernames.ts'
import { type RegisterBody, registerBody } from './bodies.ts'
import { requestOrigin } from './request-origin.ts'

export interface RegisterDeps {
  users: UserStore
  passwords: PasswordHashing
  registrationsPerAddress: AttemptCounter
  registration: 'open' | 'closed'
}

/** `POST /auth/register`: makes a user without roles. */
export function register(deps: RegisterDeps): Middleware[] {
  return [
    requireOpenRegistration(deps),
    requireJsonBody(registerBody),
    rejectWeakPassword,
    limitRegistrations(deps),
    createUser(deps)
  ]
}

function requireOpenRegistration({ registration }: RegisterDeps): Middleware {
  return async function requireOpenRegistration(_ctx, next) {
    if (registration === 'closed') throw new AccessDeniedError({ description: 'Registration is closed here.' })
    await next()
  }
}

async function rejectWeakPassword(ctx: Context, next: Next): Promise<void> {
  const { username, password } = ctx.state.body as RegisterBody
  const refusal = refusalOfPassword(password, username)
  if (refusal) throw new InvalidRequestError({ description: refusal, issues: [{ path: 'password', message: refusal }] })
  await next()
}

function limitRegistrations({ registrationsPerAddress }: RegisterDeps): Middleware {
  return async function limitRegistrations(ctx, next) {
    const wait = await registrationsPerAddress.consume(networkOf(requestOrigin(ctx).address))
    if (wait > 0)
      throw new TooManyRequestsError({ retryAfterSeconds: wait / 1000, detail: 'registrations per address' })
    await next()
  }
}

function createUser({ users, passwords }: RegisterDeps): Middleware {
  return async function createUser(ctx) {
    const { username, password, email } = ctx.state.body as RegisterBody
    const user = await users.create({
      username: parseUsername(username) as Username, // the body's schema has seen to it
      email,
      passwordHash: await passwords.hash(password),
      roles: [],
      origin: requestOrigin(ctx)
    })
    if (!user) throw new ConflictError({ description: 'This username is taken.' })
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { id: user.id, username: user.username, roles: user.roles }
  }
}
