import type { Middleware } from 'koa'
import type { RefreshDeps } from '../grants/refresh.ts'
import * as bodies from './bodies.ts'
import { type LoginDeps, login } from './login.ts'
import { logout, logoutAll, logoutOthers } from './logout.ts'
import { me } from './me.ts'
import { changePassword } from './password.ts'
import { refresh } from './refresh.ts'
import { type RegisterDeps, register, showRegistration } from './register.ts'
import type { Route } from './route.ts'
import { endSession, listSessions } from './sessions.ts'

export interface AccountRouteDeps extends LoginDeps, RefreshDeps, RegisterDeps {
  /** Sets `ctx.state.accessToken` of a user, or answers 401 or 403. */
  requireAccessToken: Middleware
  /** The same, but refuses services that act for a user. */
  requireUserInPerson: Middleware
}

/** What users do with their own accounts. */
export function accountRoutes(deps: AccountRouteDeps): Route[] {
  const inPerson = { ...deps, requireAccessToken: deps.requireUserInPerson }
  return [
    {
      method: 'get',
      path: '/auth/register',
      summary: 'Whether users can register themselves',
      handlers: showRegistration(deps),
      answer: { status: 200, schema: bodies.registrationState },
      errors: []
    },
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
      answer: { status: 200, schema: bodies.signInResponse },
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
      handlers: logout(inPerson),
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
      handlers: logoutAll(inPerson),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [401, 503]
    },
    {
      method: 'post',
      path: '/auth/logout-others',
      summary: 'End all sessions of the user but this one',
      handlers: logoutOthers(inPerson),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [401, 403, 503]
    },
    {
      method: 'get',
      path: '/auth/sessions',
      summary: "A page of the user's live sessions, the newest first",
      handlers: listSessions(deps),
      query: bodies.sessionListQuery,
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.ownSessionList },
      errors: [400, 401, 503]
    },
    {
      method: 'delete',
      path: '/auth/sessions/:id',
      summary: "End one of the user's sessions",
      handlers: endSession(inPerson),
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
      handlers: changePassword(inPerson),
      body: bodies.passwordBody,
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [400, 401, 409, 413, 415, 429, 503]
    }
  ]
}
