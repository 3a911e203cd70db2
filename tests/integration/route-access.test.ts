import { randomUUID } from 'node:crypto'
import {
  accessTokenUrn,
  basic,
  postForm,
  query as queryDatabase,
  refresh,
  register,
  send,
  signIn,
  tokenExchange,
  unverifiedClaims
} from '@countersign/testing/trio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routesOf } from '../../services/auth-service/src/endpoints/routes.ts'
import { pathsOf } from '../../services/auth-service/src/routing/add-routes.ts'
import { type Fixture, startFixture } from '../interop/fixture.ts'
import { newApp } from './fixtures/app.ts'

const callers = [
  'nobody',
  'a stranger with a token of another issuer',
  'a user',
  'a service that acts for a user',
  'an admin',
  'a service that acts for an admin',
  'a client with its own token',
  'a client with statistics:read',
  'a client with revocations:read',
  'a public client',
  'a client with its secret',
  'a client with a wrong secret',
  'an app with a token of its user for userinfo',
  'an app with a token of an admin for userinfo',
  'an app with a token of its user for an API'
] as const
type Caller = (typeof callers)[number]

const everybody = callers
const users = ['a user', 'a service that acts for a user', 'an admin', 'a service that acts for an admin'] as const
const usersInPerson = ['a user', 'an admin'] as const
const admins = ['an admin'] as const
const statisticsReaders = ['an admin', 'a client with statistics:read'] as const
const revocationsReaders = ['a client with revocations:read'] as const
const apps = [
  'an app with a token of its user for userinfo',
  'an app with a token of an admin for userinfo',
  'an app with a token of its user for an API'
] as const
const clients = ['a public client', 'a client with its secret'] as const

/** Who gets past the checks of each route; every other caller gets 401 or 403. Written out, and not read from the routes. */
const passes: Record<string, readonly Caller[]> = {
  'GET /auth/register': everybody,
  'POST /auth/register': everybody,
  'POST /auth/login': everybody,
  'POST /auth/login/factor': everybody,
  'POST /auth/login/enrolment': everybody,
  'POST /auth/login/enrolment/mail': everybody,
  'POST /auth/login/enrolment/confirm': everybody,
  'POST /auth/step-up': usersInPerson,
  'GET /auth/me/second-factors': usersInPerson,
  'POST /auth/me/totp': usersInPerson,
  'POST /auth/me/totp/confirm': usersInPerson,
  'DELETE /auth/me/totp': usersInPerson,
  'POST /auth/me/recovery-codes': usersInPerson,
  'DELETE /auth/me/trusted-devices/:id': usersInPerson,
  'POST /auth/login/passkey/options': everybody,
  'POST /auth/login/passkey': everybody,
  'POST /auth/login/mail': everybody,
  'POST /auth/login/mail/confirm': everybody,
  'POST /auth/step-up/passkey/options': usersInPerson,
  'POST /auth/step-up/passkey': usersInPerson,
  'GET /auth/me/passkeys': usersInPerson,
  'POST /auth/me/passkeys/options': usersInPerson,
  'POST /auth/me/passkeys': usersInPerson,
  'PATCH /auth/me/passkeys/:id': usersInPerson,
  'DELETE /auth/me/passkeys/:id': usersInPerson,
  'POST /auth/refresh': everybody,
  'POST /auth/logout': usersInPerson,
  'POST /auth/logout-all': usersInPerson,
  'POST /auth/logout-others': usersInPerson,
  'GET /auth/sessions': users,
  'DELETE /auth/sessions/:id': usersInPerson,
  'GET /auth/me': users,
  'PATCH /auth/me': usersInPerson,
  'GET /auth/me/data': usersInPerson,
  'POST /auth/me/deletion': usersInPerson,
  'POST /auth/password': usersInPerson,
  'POST /auth/password-reset': everybody,
  'POST /auth/password-reset/confirm': everybody,
  'POST /auth/email/verification': usersInPerson,
  'POST /auth/email/verification/confirm': usersInPerson,
  'POST /auth/me/username': usersInPerson,
  'POST /auth/me/email': usersInPerson,
  'POST /auth/me/email/confirm': usersInPerson,
  'POST /auth/email/undo': everybody,
  'POST /auth/invitations/show': everybody,
  'POST /auth/invitations/accept': everybody,
  'GET /auth/providers': everybody,
  'POST /auth/providers/:id/start': everybody,
  'POST /auth/providers/:id/finish': everybody,
  'GET /auth/me/identities': usersInPerson,
  'POST /auth/step-up/providers/:id/start': usersInPerson,
  'POST /auth/step-up/providers/:id/finish': usersInPerson,
  'POST /auth/me/providers/:id/start': usersInPerson,
  'POST /auth/me/providers/:id/finish': usersInPerson,
  'DELETE /auth/me/identities/:id': usersInPerson,
  'GET /admin/providers': admins,
  'POST /admin/providers': admins,
  'GET /admin/providers/:id': admins,
  'PATCH /admin/providers/:id': admins,
  'DELETE /admin/providers/:id': admins,
  'GET /admin/invitations': admins,
  'POST /admin/invitations': admins,
  'POST /admin/invitations/:id/send': admins,
  'DELETE /admin/invitations/:id': admins,
  'GET /admin/mail': admins,
  'POST /admin/mail/:id/retry': admins,
  'GET /admin/users': admins,
  'POST /admin/users/import': admins,
  'GET /admin/users/export': admins,
  'GET /admin/users/:id': admins,
  'PATCH /admin/users/:id': admins,
  'DELETE /admin/users/:id': admins,
  'GET /admin/users/:id/credentials': admins,
  'DELETE /admin/users/:id/second-factors': admins,
  'DELETE /admin/users/:id/identities/:identity_id': admins,
  'GET /admin/users/:id/sessions': admins,
  'DELETE /admin/users/:id/sessions': admins,
  'DELETE /admin/users/:id/sessions/:session_id': admins,
  'GET /admin/keys': admins,
  'POST /admin/keys/rotate': admins,
  'POST /admin/keys/:kid/revoke': admins,
  'POST /admin/keys/:kid/pull': admins,
  'GET /admin/apis': admins,
  'POST /admin/apis': admins,
  'GET /admin/apis/:id': admins,
  'PATCH /admin/apis/:id': admins,
  'DELETE /admin/apis/:id': admins,
  'GET /admin/roles': admins,
  'POST /admin/roles': admins,
  'GET /admin/roles/:name': admins,
  'PATCH /admin/roles/:name': admins,
  'DELETE /admin/roles/:name': admins,
  'GET /admin/clients': admins,
  'POST /admin/clients': admins,
  'GET /admin/clients/:client_id': admins,
  'PATCH /admin/clients/:client_id': admins,
  'POST /admin/clients/:client_id/secrets': admins,
  'DELETE /admin/clients/:client_id/secrets/older': admins,
  'GET /admin/installation': admins,
  'GET /admin/statistics': statisticsReaders,
  'GET /admin/statistics/activity': statisticsReaders,
  'GET /admin/audit': admins,
  'GET /auth/authorization-requests/:id': everybody,
  'POST /auth/authorization-requests/:id/claim': usersInPerson,
  'DELETE /auth/authorization-requests/:id/claim': usersInPerson,
  'POST /auth/authorization-requests/:id/decision': usersInPerson,
  'GET /auth/logout-requests/:id': everybody,
  'GET /auth/me/apps': usersInPerson,
  'DELETE /auth/me/apps/:client_id': usersInPerson,
  'GET /oauth/authorize': everybody,
  'POST /oauth/authorize': everybody,
  'GET /oauth/authorize/complete': everybody,
  'GET /oauth/logout': everybody,
  'POST /oauth/logout': everybody,
  'GET /oauth/logout/complete': everybody,
  'POST /oauth/par': clients,
  'GET /oauth/userinfo': apps,
  'POST /oauth/userinfo': apps,
  'POST /oauth/token': clients,
  'POST /oauth/revoke': clients,
  'POST /oauth/introspect': ['a client with its secret'],
  'GET /revocations/feed': revocationsReaders,
  'POST /revocations/check': revocationsReaders,
  'GET /forward-auth': [
    ...users,
    'a client with its own token',
    'a client with statistics:read',
    'a client with revocations:read'
  ],
  'GET /.well-known/jwks.json': everybody,
  'GET /.well-known/oauth-authorization-server': everybody,
  'GET /.well-known/openid-configuration': everybody
}

/** What users need a recent sign-in for, besides what an admin changes. */
const ownChanges: readonly string[] = [
  'POST /auth/me/deletion',
  'POST /auth/me/email',
  'POST /auth/me/username',
  'POST /auth/me/passkeys/options',
  'POST /auth/me/passkeys',
  'DELETE /auth/me/passkeys/:id',
  'POST /auth/me/totp',
  'POST /auth/me/totp/confirm',
  'DELETE /auth/me/totp',
  'POST /auth/me/recovery-codes',
  'POST /auth/me/providers/:id/start',
  'DELETE /auth/me/identities/:id'
]

/** What a caller adds to a request. */
interface Presented {
  readonly headers?: Record<string, string>
  readonly form?: Record<string, string>
}

const routes = routesOf('https://auth.example.com').flatMap((route) =>
  pathsOf(route).map((path) => ({ ...route, path }))
)
const nameOf = ({ method, path }: { method: string; path: string }) => `${method.toUpperCase()} ${path}`

describe('who may call which route', () => {
  let fixture: Fixture
  let actor: Awaited<ReturnType<Fixture['newClient']>>
  let app: Awaited<ReturnType<typeof newApp>>
  let ownToken: string
  let statisticsToken: string
  let revocationsToken: string
  let presented: Record<Caller, Presented>

  beforeAll(async () => {
    fixture = await startFixture({ env: { PAGES_URL: 'https://pages.example.com' } })
    actor = await fixture.newClient({
      grant_types: ['client_credentials', 'refresh_token', tokenExchange],
      scopes: ['account', 'statistics:read', 'revocations:read'],
      audiences: [fixture.issuer],
      resources: [fixture.audience],
      may_act_for: ['countersign'],
      may_carry_roles: true
    })
    app = await newApp(fixture)
    ownToken = await tokenFor({ grant_type: 'client_credentials', scope: 'account' })
    statisticsToken = await tokenFor({ grant_type: 'client_credentials', scope: 'statistics:read' })
    revocationsToken = await tokenFor({ grant_type: 'client_credentials', scope: 'revocations:read' })
    presented = await newCallers()
  })
  afterAll(() => fixture?.stop())

  // A handler may refuse what the rule has let in, which would look the same from outside.
  test.each(routes.filter((route) => passes[nameOf(route)] === admins).map((route) => [nameOf(route), route.access]))(
    '%s is for admins by its own rule',
    (_, access) => expect(access).toBe('admin')
  )

  async function tokenFor(form: Record<string, string>): Promise<string> {
    const headers = basic(actor.client_id, actor.client_secret)
    const { status, body } = await postForm<{ access_token: string }>(`${fixture.issuer}/oauth/token`, form, headers)
    expect(status, JSON.stringify(body)).toBe(200)
    return body.access_token
  }

  /** A token that the actor gets for a user, with the issuer itself as its audience. */
  const actFor = (subjectToken: string) =>
    tokenFor({
      grant_type: tokenExchange,
      subject_token: subjectToken,
      subject_token_type: accessTokenUrn,
      resource: fixture.issuer
    })

  async function newCallers(): Promise<Record<Caller, Presented>> {
    const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })
    const user = (await signIn(fixture.issuer, await register(fixture.issuer))).access_token
    const admin = await fixture.signInAdmin()
    const apps = {
      user: await app.tokensOf(user, 'openid profile email offline_access'),
      admin: await app.tokensOf(admin, 'openid profile email offline_access'),
      api: await app.tokensOf(user, 'openid account things:read statistics:read revocations:read')
    }
    return {
      nobody: {},
      'a stranger with a token of another issuer': bearer(`${user.slice(0, -20)}${'A'.repeat(20)}`),
      'a user': bearer(user),
      'a service that acts for a user': bearer(await actFor(user)),
      'an admin': bearer(admin),
      'a service that acts for an admin': bearer(await actFor(admin)),
      'a client with its own token': bearer(ownToken),
      'a client with statistics:read': bearer(statisticsToken),
      'a client with revocations:read': bearer(revocationsToken),
      'a public client': { form: { client_id: 'countersign' } },
      'a client with its secret': { headers: basic(actor.client_id, actor.client_secret) },
      'a client with a wrong secret': { headers: basic(actor.client_id, 'wrong') },
      'an app with a token of its user for userinfo': bearer(apps.user.access_token),
      'an app with a token of an admin for userinfo': bearer(apps.admin.access_token),
      'an app with a token of its user for an API': bearer(apps.api.access_token)
    }
  }

  test('the table names every route, and none that is not there', () => {
    expect(routes.map(nameOf).sort()).toEqual(Object.keys(passes).sort())
  })

  test.each(routes.map((route) => [nameOf(route), route] as const))('%s', async (name, route) => {
    const statuses: Record<string, number> = {}
    for (const caller of callers) statuses[caller] = await statusOf(route, presented[caller])
    // These end the sessions of who gets past the checks.
    if (/logout|deletion/.test(route.path)) presented = await newCallers()
    const passed = callers.filter((caller) => ![401, 403].includes(statuses[caller] as number))
    expect(passed, JSON.stringify(statuses)).toEqual(callers.filter((caller) => passes[name]?.includes(caller)))
    // Past the checks there is a response about the request itself, and never a fault.
    for (const caller of passed) expect(statuses[caller], caller).toBeLessThan(500)
  })

  test('an admin whose sign-in is old can read, and changes nothing until the next one', async () => {
    const session = await signIn(fixture.issuer, { username: 'admin', password: fixture.trio.adminPassword })
    const { sid } = unverifiedClaims(session.access_token)
    const anHourAgo = "UPDATE refresh_token_families SET authenticated_at = now() - interval '1 hour' WHERE id = $1"
    await queryDatabase(fixture.database.url, anHourAgo, [sid])
    const { access_token: token } = (await refresh(fixture.issuer, session.refresh_token)).body
    const refused: string[] = []
    for (const route of routes.filter(({ path }) => !path.includes('logout'))) {
      const { status, body } = await sendTo(route, { headers: { Authorization: `Bearer ${token}` } })
      if (status === 401 && (body as { error?: string }).error === 'insufficient_user_authentication') {
        refused.push(nameOf(route))
      }
    }
    const changes = Object.keys(passes).filter((name) => passes[name] === admins && !name.startsWith('GET '))
    expect(refused.sort()).toEqual([...changes, ...ownChanges].sort())
  })

  async function statusOf(route: (typeof routes)[number], caller: Presented): Promise<number> {
    return (await sendTo(route, caller)).status
  }

  async function sendTo(route: (typeof routes)[number], { headers, form }: Presented) {
    const path = route.path.replace(/:(id|session_id)/g, () => randomUUID()).replace(/:\w+/, 'none')
    // It is for tokens of any API, which the query names.
    const query = route.path === '/forward-auth' ? `?audience=${encodeURIComponent(fixture.issuer)}` : ''
    const url = fixture.issuer + path + query
    const method = route.method.toUpperCase()
    if ('bodyFormat' in route && route.bodyFormat === 'form') {
      const parameters = { grant_type: 'refresh_token', refresh_token: 'none', token: 'none', ...form }
      return postForm(url, parameters, headers)
    }
    // No route takes this member, so that nothing changes; what shows who logs out may be in the body, so there is none.
    const body = 'body' in route && route.path !== '/auth/logout' ? JSON.stringify({ unknown: true }) : undefined
    const contentType = body === undefined ? {} : { 'Content-Type': 'application/json' }
    return send(url, { method, headers: { ...headers, ...contentType }, ...(body && { body }) })
  }
})
