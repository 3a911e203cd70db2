import { activity, activityQuery } from './activity-bodies.ts'
import { type AdminActivityDeps, showActivity } from './admin-activity.ts'
import { type AdminAuditDeps, listAuditEvents } from './admin-audit.ts'
import {
  type AdminClientsDeps,
  addClientSecret,
  changeClient,
  createClient,
  dropOlderClientSecret,
  listClients,
  showClient
} from './admin-clients.ts'
import { type AdminKeysDeps, listKeys, pullKey, rotateKeys } from './admin-keys.ts'
import { type AdminStatisticsDeps, showStatistics } from './admin-statistics.ts'
import {
  type AdminUsersDeps,
  changeUser,
  endUserSession,
  endUserSessions,
  listUserSessions,
  listUsers,
  showUser
} from './admin-users.ts'
import { auditPage, auditQuery } from './audit-bodies.ts'
import * as bodies from './bodies.ts'
import * as clientBodies from './client-bodies.ts'
import type { Route } from './route.ts'

export interface AdminRouteDeps
  extends AdminUsersDeps,
    AdminKeysDeps,
    AdminClientsDeps,
    AdminStatisticsDeps,
    AdminActivityDeps,
    AdminAuditDeps {}

/** What admins do. */
export function adminRoutes(deps: AdminRouteDeps): Route[] {
  return [
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
      summary: "A page of a user's live sessions, the newest first",
      handlers: listUserSessions(deps),
      query: bodies.sessionListQuery,
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.sessionList },
      errors: [400, 401, 403, 404, 503]
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
      path: '/admin/clients',
      summary: 'A page of clients, in the order of their ids',
      handlers: listClients(deps),
      query: clientBodies.clientListQuery,
      needsAccessToken: true,
      answer: { status: 200, schema: clientBodies.clientList },
      errors: [400, 401, 403, 503]
    },
    {
      method: 'post',
      path: '/admin/clients',
      summary: 'Register a client; its secret, if it has one, is in this answer alone',
      handlers: createClient(deps),
      body: clientBodies.clientBody,
      needsAccessToken: true,
      answer: { status: 201, schema: clientBodies.clientWithSecret },
      errors: [400, 401, 403, 409, 413, 415, 503]
    },
    {
      method: 'get',
      path: '/admin/clients/:client_id',
      summary: 'One client',
      handlers: showClient(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: clientBodies.client },
      errors: [401, 403, 404, 503]
    },
    {
      method: 'patch',
      path: '/admin/clients/:client_id',
      summary: 'Change, disable or enable a client; taking something away ends every token that was issued to it',
      handlers: changeClient(deps),
      body: clientBodies.clientChangeBody,
      needsAccessToken: true,
      answer: { status: 200, schema: clientBodies.client },
      errors: [400, 401, 403, 404, 409, 413, 415, 503]
    },
    {
      method: 'post',
      path: '/admin/clients/:client_id/secrets',
      summary:
        'Give a client a new secret, in this response alone; the one before it stays valid unless it is replaced',
      handlers: addClientSecret(deps),
      body: clientBodies.newSecretBody,
      isBodyOptional: true,
      needsAccessToken: true,
      answer: { status: 201, schema: clientBodies.clientWithSecret },
      errors: [400, 401, 403, 404, 409, 413, 415, 503]
    },
    {
      method: 'delete',
      path: '/admin/clients/:client_id/secrets/older',
      summary: "Keep a client's newest secret alone; its tokens end",
      handlers: dropOlderClientSecret(deps),
      needsAccessToken: true,
      answer: { status: 204 },
      errors: [400, 401, 403, 404, 409, 503]
    },
    {
      method: 'get',
      path: '/admin/statistics',
      summary:
        'Figures of this issuer: users, sessions, the last day, keys; also for services with the scope statistics:read',
      handlers: showStatistics(deps),
      needsAccessToken: true,
      answer: { status: 200, schema: bodies.statistics },
      errors: [401, 403, 503]
    },
    {
      method: 'get',
      path: '/admin/statistics/activity',
      summary:
        'Sign-ins, refreshes and revocations over the last hour or day; also for services with the scope statistics:read',
      handlers: showActivity(deps),
      query: activityQuery,
      needsAccessToken: true,
      answer: { status: 200, schema: activity },
      errors: [400, 401, 403, 503]
    },
    {
      method: 'get',
      path: '/admin/audit',
      summary: 'A page of the audit log, the newest events first; filters combine',
      handlers: listAuditEvents(deps),
      query: auditQuery,
      needsAccessToken: true,
      answer: { status: 200, schema: auditPage },
      errors: [400, 401, 403, 503]
    }
  ]
}
