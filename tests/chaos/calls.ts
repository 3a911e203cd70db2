/** Performs actions on the services, and translates the responses into the model's terms. */
import { setTimeout as delay } from 'node:timers/promises'
import type { TokenResponse } from '@countersign/oauth'
import { type ApiResponse, send, unverifiedClaims } from '@countersign/testing/trio'
import type { Action, Outcome } from './family-model.ts'
import { type Fixture, rules } from './fixture.ts'

/** An action, the replica that gets it, and the delay in milliseconds. */
export interface Call {
  readonly action: Action
  readonly replica: number
  readonly delayMs?: number
}

export interface AccessToken {
  readonly token: string
  /** By the real clock. */
  readonly exp: number
  /** By the model's clock. */
  readonly issuedAt: number
}

/** Every token that was issued. */
export interface IssuedTokens {
  refreshToken(familyId: string, generation: number): string
  accessTokens(familyId: string): readonly AccessToken[]
  /** The generations of its refresh tokens, newest first. */
  generations(familyId: string): readonly number[]
  /** @throws when a response lacks a required member */
  keep(response: TokenResponse, asked: { since: number; now: number }): NonNullable<Outcome['tokens']>
}

export function createIssuedTokens(): IssuedTokens {
  interface OfFamily {
    readonly refreshTokens: Map<number, string>
    readonly accessTokens: AccessToken[]
  }
  const families = new Map<string, OfFamily>()
  return {
    refreshToken: (familyId, generation) => families.get(familyId)?.refreshTokens.get(generation) as string,
    accessTokens: (familyId) => families.get(familyId)?.accessTokens ?? [],
    generations: (familyId) => [...(families.get(familyId)?.refreshTokens.keys() ?? [])].sort((a, b) => b - a),
    keep({ access_token: token, refresh_token: refreshToken }, { since, now }) {
      const { sid, iat, exp, roles } = unverifiedClaims(token)
      const bytes = Buffer.from(refreshToken.slice('csr1.'.length), 'base64url')
      const generation = bytes.readUInt32BE(17)
      const family: OfFamily = families.get(sid) ?? { refreshTokens: new Map(), accessTokens: [] }
      families.set(sid, family)
      const known = family.refreshTokens.get(generation) ?? refreshToken
      if (known !== refreshToken) throw new Error(`the session ${sid} was forked at generation ${generation}`)
      if (bytes.subarray(1, 17).toString('hex') !== sid.replaceAll('-', '')) {
        throw new Error(`the refresh token is not of the session ${sid}`)
      }
      // The database's clock, whichever replica signs: one second for what is cut off.
      if (iat < since - 1 || iat > Date.now() / 1000 + 1 || exp - iat !== rules.accessTokenTtl) {
        throw new Error(`an access token asked for at ${since} has iat ${iat} and exp ${exp}`)
      }
      family.refreshTokens.set(generation, refreshToken)
      family.accessTokens.push({ token, exp, issuedAt: now })
      return { familyId: sid, generation, roles: (roles as string[]).toSorted() }
    }
  }
}

/** @returns the response, for a model whose clock says `now` */
export async function carryOut(
  { action, replica, delayMs }: Call,
  {
    fixture,
    issued,
    usernames,
    now
  }: { fixture: Fixture; issued: IssuedTokens; usernames: Map<string, string>; now: number }
): Promise<Outcome> {
  if (delayMs) await delay(delayMs)
  const url = fixture.auths[replica % fixture.auths.length]?.url
  const since = Date.now() / 1000
  const response = await ask(action)
  if (response.status >= 500)
    throw new Error(`${action.kind} responded with ${response.status}: ${JSON.stringify(response.body)}`)
  const { access_token, error, sessions } = response.body
  return {
    status: response.status,
    ...(error === undefined ? {} : { error: error as string }),
    ...(access_token === undefined ? {} : { tokens: issued.keep(response.body as never, { since, now }) }),
    ...(sessions === undefined ? {} : { sessions: (sessions as { id: string }[]).map(({ id }) => id).sort() })
  }

  function ask(action: Action): Promise<ApiResponse> {
    switch (action.kind) {
      case 'sign in':
        return request('POST', '/auth/login', {
          body: { username: usernames.get(action.userId), password: action.password }
        })
      case 'refresh':
        return request('POST', '/auth/refresh', {
          body: { refresh_token: issued.refreshToken(action.familyId, action.generation) }
        })
      case 'present a forged token':
        return request('POST', '/auth/refresh', { body: { refresh_token: forged(issued, action.familyId) } })
      case 'log out by refresh token':
        return request('POST', '/auth/logout', {
          body: { refresh_token: issued.refreshToken(action.familyId, action.generation) }
        })
      case 'log out':
        return request('POST', '/auth/logout', action)
      case 'log out everywhere':
        return request('POST', '/auth/logout-all', action)
      case 'list sessions':
        return request('GET', '/auth/sessions', action)
      case 'end session':
        return request('DELETE', `/auth/sessions/${action.familyId}`, action)
      case 'change password': {
        const body = { current_password: action.current, new_password: action.next }
        return request('POST', '/auth/password', { ...action, body })
      }
      case 'admin changes user': {
        const { isDisabled: disabled, roles } = action
        return request('PATCH', `/admin/users/${action.userId}`, { isAdmin: true, body: { disabled, roles } })
      }
      case 'admin ends session':
        return request('DELETE', `/admin/users/${action.userId}/sessions/${action.familyId}`, { isAdmin: true })
      case 'admin ends sessions':
        return request('DELETE', `/admin/users/${action.userId}/sessions`, { isAdmin: true })
    }
  }

  async function request(
    method: string,
    path: string,
    { bearer, isAdmin, body }: { bearer?: string; isAdmin?: boolean; body?: unknown }
  ): Promise<ApiResponse> {
    const ofSession = bearer && issued.accessTokens(bearer).at(-1)?.token
    const token = isAdmin ? await fixture.adminToken() : ofSession
    return send(`${url}${path}`, {
      method,
      headers: {
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  }
}

/** The next generation's token, as somebody without the key would forge it. */
function forged(issued: IssuedTokens, familyId: string): string {
  const bytes = Buffer.from(issued.refreshToken(familyId, 0).slice('csr1.'.length), 'base64url')
  bytes.writeUInt32BE(1_000_000, 17)
  return `csr1.${bytes.toString('base64url')}`
}
