import type Router from '@koa/router'
import type { Middleware } from 'koa'
import type { z } from 'zod'
import type { RefreshDeps } from '../grants/refresh.ts'
import { type AdminKeysDeps, listKeys, pullKey, rotateKeys } from './admin-keys.ts'
import {
  type AdminUsersDeps,
  changeUser,
  endUserSession,
  endUserSessions,
  listUserSessions,
  listUsers,
  showUser
} from './admin-users.ts'
import * as bodies from './bodies.ts'
import { type LoginDeps, login } from './login.ts'
import { logout, logoutAll } from './logout.ts'
import { me } from './me.ts'
import { issuerMetadata, type JwksDeps, jwks } from './metadata.ts'
import { describeRoutes } from './openapi.ts'
import { changePassword } from './password.ts'
import { refresh } from './refresh.ts'
import { type RegisterDeps, register } from './register.ts'
import { endSession, listSessions } from './sessions.ts'

/** A route: what it does, and what OpenAPI says of it. */
export interface Route {
  method: 'get' | 'post' | 'patch' | 'delete'
  path: string
  summary: string
  handlers: Middleware[]
  query?: z.ZodObject
  body?: z.ZodType
  isBodyOptional?: boolean
  needsAccessToken?: boolean
  answer: { status: number; schema?: z.ZodType }
  errors: number[]
}

export interface RouteDeps extends LoginDeps, RefreshDeps, RegisterDeps, AdminUsersDeps, AdminKeysDeps, JwksDeps {
  issuer: string
  requireAccessToken: Middleware
}

/** Every route of the auth-service, but for health and metrics, which the service kit adds. */
export function createRoutes(deps: RouteDeps): Route[] {
  return [
    {
      method: 'post',
      path: '/auth/register',
      summary: 'Register a user',
      handlers: register(deps),
      body: bodies.registerBody,
      answer: { status: 201, schema: bodies.registeredUser },
      errors: [400, 403, 409, 413, 415, 429, 503]
    },
    {
      method: 'post',
      path: '/auth/login',
      summary: 'Sign in: start a session',
      handlers: login(deps),
      body: bodies.loginBody,
      answer: { status: 200, schema: bodies.tokenResponse },
      errors: [400, 401, 413, 415, 429, 503]
    },
    {
      method: 'post',
      path: '/auth/refresh',
      summary: 'Rotate a refresh token',
      handlers: refresh({ ...deps, clientId: deps.firstParty.clientId }),
      body: bodies.refreshBody,
      answer: { status: 200, schema: bodies.tokenResponse },
      errors: [400, 413, 415, 503]
    },
    {
      method: 'post',
      path: '/auth/logout',
      summary: 'End this session: the one of the access token, or of the refresh token in the body',
      handlers: logout(deps),
      body: bodies.logoutBody,
      isBodyOptional: true,
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [400, 401, 413, 415, 503]
    },
    {
      method: 'post',
      path: '/auth/logout-all',
      summary: 'End all sessions of the user',
      handlers: logoutAll(deps),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [401, 503]
    },
    {
      method: 'get',
      path: '/auth/sessions',
      summary: "List the user's live sessions",
      handlers: listSessions(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.ownSessionList },
      errors: [401, 503]
    },
    {
      method: 'delete',
      path: '/auth/sessions/:id',
      summary: "End one of the user's sessions",
      handlers: endSession(deps),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [401, 404, 503]
    },
    {
      method: 'get',
      path: '/auth/me',
      summary: "Show the user's profile",
      handlers: me(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.ownProfile },
      errors: [401, 404, 503]
    },
    {
      method: 'post',
      path: '/auth/password',
      summary: 'Change the password: all other sessions end',
      handlers: changePassword(deps),
      body: bodies.passwordBody,
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [400, 401, 409, 413, 415, 429, 503]
    },
    {
      method: 'get',
      path: '/admin/users',
      summary: 'A page of users, in the order of their usernames',
      handlers: listUsers(deps),
      query: bodies.userListQuery,
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.userList },
      errors: [400, 401, 403, 503]
    },
    {
      method: 'get',
      path: '/admin/users/:id',
      summary: 'One user',
      handlers: showUser(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.administeredUser },
      errors: [401, 403, 404, 503]
    },
    {
      method: 'patch',
      path: '/admin/users/:id',
      summary: 'Disable or enable a user, or give roles; disabling and taking a role away end all sessions',
      handlers: changeUser(deps),
      body: bodies.userChangeBody,
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.administeredUser },
      errors: [400, 401, 403, 404, 409, 413, 415, 503]
    },
    {
      method: 'get',
      path: '/admin/users/:id/sessions',
      summary: "A user's live sessions",
      handlers: listUserSessions(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.sessionList },
      errors: [401, 403, 404, 503]
    },
    {
      method: 'delete',
      path: '/admin/users/:id/sessions',
      summary: 'End all sessions of a user',
      handlers: endUserSessions(deps),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [401, 403, 404, 503]
    },
    {
      method: 'delete',
      path: '/admin/users/:id/sessions/:session_id',
      summary: 'End one session of a user',
      handlers: endUserSession(deps),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [401, 403, 404, 503]
    },
    {
      method: 'get',
      path: '/admin/keys',
      summary: 'The signing keys, and when the next one will sign',
      handlers: listKeys(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.keyList },
      errors: [401, 403, 503]
    },
    {
      method: 'post',
      path: '/admin/keys/rotate',
      summary: 'Let the spare key sign from now on; no token is refused for it',
      handlers: rotateKeys(deps),
      body: bodies.keyChangeBody,
      isBodyOptional: true,
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.keyList },
      errors: [400, 401, 403, 409, 413, 415, 503]
    },
    {
      method: 'post',
      path: '/admin/keys/:kid/pull',
      summary: 'Take a key out in an emergency: each token it signed is refused from now on',
      handlers: pullKey(deps),
      body: bodies.keyChangeBody,
      isBodyOptional: true,
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.keyList },
      errors: [400, 401, 403, 404, 413, 415, 503]
    },
    {
      method: 'get',
      path: '/.well-known/jwks.json',
      summary: 'The public signing keys (RFC 7517)',
      handlers: jwks(deps),
      answer: { status: 200, schema: bodies.jwksDocument },
      errors: []
    },
    {
      method: 'get',
      path: '/.well-known/oauth-authorization-server',
      summary: "The issuer's metadata (RFC 8414)",
      handlers: issuerMetadata(deps),
      answer: { status: 200, schema: bodies.issuerMetadata },
      errors: []
    },
    {
      method: 'get',
      path: '/.well-known/openid-configuration',
      summary: "The issuer's metadata, where OpenID Connect clients look for it",
      handlers: issuerMetadata(deps),
      answer: { status: 200, schema: bodies.issuerMetadata },
      errors: []
    }
  ]
}

/** Adds the routes to a router, and `/openapi.json`, which describes them. */
export function addRoutes(router: Router, deps: RouteDeps): void {
  const routes = createRoutes(deps)
  for (const { method, path, handlers } of routes) router[method](path, ...handlers)
  const description = JSON.stringify(describeRoutes(routes, deps.issuer))
  router.get('/openapi.json', (ctx) => {
    ctx.type = 'application/json'
    ctx.body = description
  })
}
