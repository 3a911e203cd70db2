import { AccessDeniedError, ConflictError, InvalidRequestError, TooManyRequestsError } from '@countersign/oauth'
import { requireJsonBody } from '@countersign/service-kit'
import type { Context, Middleware, Next } from 'koa'
import type { UserStore } from '../accounts/user-store.ts'
import { parseUsername, type Username } from '../accounts/usernames.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { refusalOfPassword } from '../passwords/password-policy.ts'
import type { AttemptCounters } from '../sign-in/attempt-counters.ts'
import { flowOfAttempt } from '../sign-in/attempt-flow.ts'
import { prefixesOf } from '../sign-in/networks.ts'
import { type RegisterBody, registerBody } from './bodies.ts'
import { clientInfoOf } from './client-info.ts'
import { delayRejections } from './delay-rejections.ts'
import { requireRoom } from './require-room.ts'

export interface RegisterDeps {
  users: UserStore
  passwords: PasswordHashing
  counters: AttemptCounters
  registrationsPerAddress: number
  registration: 'open' | 'closed'
}

const registrationWindowSeconds = 3600

/** `GET /auth/register`: whether there is a way to register, for pages that offer it. */
export function showRegistration({ registration }: Pick<RegisterDeps, 'registration'>): Middleware[] {
  return [
    async function answerRegistration(ctx) {
      ctx.set('Cache-Control', 'no-store')
      ctx.body = { registration }
    }
  ]
}

/** `POST /auth/register`: makes a user without roles. */
export function register(deps: RegisterDeps): Middleware[] {
  return [
    requireOpenRegistration(deps),
    delayRejections(),
    requireRoom(deps),
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
  const refusal = refusalOfPassword(password, parseUsername(username)?.display ?? '')
  if (refusal) throw new InvalidRequestError({ description: refusal, issues: [{ path: 'password', message: refusal }] })
  await next()
}

function limitRegistrations({ counters, registrationsPerAddress }: RegisterDeps): Middleware {
  return async function limitRegistrations(ctx, next) {
    const counts = prefixesOf(clientInfoOf(ctx).address).map(({ network, limitFactor }) => ({
      name: 'registration',
      key: network,
      limit: Math.ceil(registrationsPerAddress * limitFactor),
      windowSeconds: registrationWindowSeconds
    }))
    const [reached] = await counters.charge(counts)
    if (reached)
      throw new TooManyRequestsError({ retryAfterSeconds: reached.waitMs / 1000, detail: 'registrations per address' })
    await next()
  }
}

function createUser({ users, passwords }: RegisterDeps): Middleware {
  return async function createUser(ctx) {
    const { username, password, email } = ctx.state.body as RegisterBody
    const parsed = parseUsername(username) as Username // the body's schema has seen to it
    const origin = clientInfoOf(ctx)
    const user = await users.create({
      username: parsed,
      email,
      passwordHash: await passwords.hash(password, flowOfAttempt(parsed.key, origin.address)),
      roles: [],
      origin
    })
    if (!user) throw new ConflictError({ code: 'username_taken', description: 'This username is taken.' })
    ctx.status = 201
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { id: user.id, username: user.username, roles: user.roles }
  }
}
