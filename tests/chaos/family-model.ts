/** The rules of sessions in plain code: the oracle for schedules and races. It knows no races. */

import { present, type RefreshSettings, type RefreshState } from './refresh-rule.ts'

/** In seconds. */
export interface Rules extends RefreshSettings {
  readonly idle: number
  readonly absolute: number
  readonly accessTokenTtl: number
  readonly clockTolerance: number
  readonly sessionsPerUser: number
}

export interface World {
  /** Seconds since the start of the model. */
  now: number
  readonly users: User[]
  /** The audit events, in any order. */
  readonly events: string[]
}

export interface User {
  readonly id: string
  password: string
  roles: string[]
  isDisabled: boolean
  /** Oldest first. */
  readonly families: Family[]
}

export interface Family {
  readonly id: string
  readonly startedAt: number
  readonly refreshState: RefreshState
  lastTokenAt: number
  endedFor?: string
}

/** A `bearer` is the id of the family whose access token is sent. */
export type Action =
  | { readonly kind: 'sign in'; readonly userId: string; readonly password: string }
  | { readonly kind: 'refresh' | 'log out by refresh token'; readonly familyId: string; readonly generation: number }
  | { readonly kind: 'present a forged token'; readonly familyId: string }
  | { readonly kind: 'log out' | 'log out everywhere' | 'list sessions'; readonly bearer: string }
  | { readonly kind: 'end session'; readonly bearer: string; readonly familyId: string }
  | { readonly kind: 'change password'; readonly bearer: string; readonly current: string; readonly next: string }
  | {
      readonly kind: 'admin changes user'
      readonly userId: string
      readonly isDisabled?: boolean
      readonly roles?: string[]
    }
  | { readonly kind: 'admin ends session'; readonly userId: string; readonly familyId: string }
  | { readonly kind: 'admin ends sessions'; readonly userId: string }

export interface Outcome {
  readonly status: number
  readonly error?: string
  readonly tokens?: { readonly familyId: string; readonly generation: number; readonly roles: string[] }
  readonly sessions?: string[]
}

/** What the model cannot know by itself. */
export interface Given {
  /** The id of the family that a sign-in starts. */
  readonly newFamilyId: string
  /** In a race a bearer token is checked at the start of the request, before its session ended. */
  readonly isBearerAccepted: boolean
}

/** Applies one action to the world, and returns the expected response. */
export function apply(world: World, rules: Rules, action: Action, given: Given): Outcome {
  const { now, users, events } = world
  const userOf = (familyId: string) => users.find(({ families }) => families.some(({ id }) => id === familyId)) as User
  const find = (familyId: string) => userOf(familyId).families.find(({ id }) => id === familyId) as Family

  const tokensOf = (family: Family): Outcome => {
    family.lastTokenAt = now
    const {
      id: familyId,
      refreshState: { current: generation }
    } = family
    return { status: 200, tokens: { familyId, generation, roles: [...userOf(familyId).roles].sort() } }
  }
  const end = (families: Family[], reason: string, by = ''): number => {
    const ending = families.filter((family) => {
      const mayHaveTokens = now < family.lastTokenAt + rules.accessTokenTtl + rules.clockTolerance
      return family.endedFor === undefined && (isLive(world, rules, family) || mayHaveTokens)
    })
    for (const family of ending) {
      family.endedFor = reason
      events.push(`session.ended ${family.id} ${reason}${by}`)
    }
    return ending.length
  }

  if ('bearer' in action && find(action.bearer).endedFor && !given.isBearerAccepted)
    return refused(401, 'invalid_token')

  switch (action.kind) {
    case 'sign in': {
      const user = users.find(({ id }) => id === action.userId) as User
      if (user.isDisabled || user.password !== action.password) return refused(401, 'invalid_credentials')
      const live = user.families.filter((family) => isLive(world, rules, family))
      end(live.slice(0, Math.max(0, live.length - rules.sessionsPerUser + 1)), 'session_limit')
      const refreshState = { current: 0, advancedAt: now, uses: [] }
      const family = { id: given.newFamilyId, startedAt: now, refreshState, lastTokenAt: now }
      user.families.push(family)
      events.push(`session.started ${family.id}`)
      return tokensOf(family)
    }
    case 'refresh': {
      const family = find(action.familyId)
      if (!isLive(world, rules, family)) return refused(400, 'invalid_grant')
      const outcome = present(family.refreshState, action.generation, now, rules)
      if (outcome === 'replayed') family.endedFor = 'replay'
      if (outcome === 'replayed' || outcome === 'recovered') {
        const { current } = family.refreshState
        events.push(`refresh_token.${outcome} ${family.id} ${action.generation} at ${current}`)
      }
      return outcome === 'replayed' ? refused(400, 'invalid_grant') : tokensOf(family)
    }
    case 'present a forged token':
      return refused(400, 'invalid_grant')
    case 'log out by refresh token':
      end([find(action.familyId)], 'logout')
      return { status: 204 }
    case 'log out':
      end([find(action.bearer)], 'logout')
      return { status: 204 }
    case 'log out everywhere':
      end(userOf(action.bearer).families, 'logout_all')
      return { status: 204 }
    case 'list sessions': {
      const live = userOf(action.bearer).families.filter((family) => isLive(world, rules, family))
      return { status: 200, sessions: live.map(({ id }) => id).sort() }
    }
    case 'end session': {
      const own = userOf(action.bearer).families.filter(({ id }) => id === action.familyId)
      return end(own, 'session_ended') === 1 ? { status: 204 } : refused(404, 'not_found')
    }
    case 'change password': {
      const user = userOf(action.bearer)
      if (user.isDisabled || user.password !== action.current) return refused(400, 'invalid_request')
      user.password = action.next
      events.push(`password.changed ${action.bearer}`)
      const others = user.families.filter(({ id }) => id !== action.bearer)
      end(others, 'password_changed')
      return { status: 204 }
    }
    case 'admin changes user': {
      const user = users.find(({ id }) => id === action.userId) as User
      const before = { ...user }
      user.isDisabled = action.isDisabled ?? user.isDisabled
      user.roles = action.roles ?? user.roles
      const lost = before.roles.filter((role) => !user.roles.includes(role))
      const gained = user.roles.filter((role) => !before.roles.includes(role))
      if (user.isDisabled !== before.isDisabled) {
        events.push(`user.${user.isDisabled ? 'disabled' : 'enabled'} ${user.id} by admin`)
      }
      if (lost.length + gained.length > 0) events.push(`user.roles_changed ${user.id} by admin`)
      if (user.isDisabled && !before.isDisabled) end(user.families, 'user_disabled', ' by admin')
      if (lost.length > 0) end(user.families, 'role_removed', ' by admin')
      return { status: 200 }
    }
    case 'admin ends session': {
      const user = users.find(({ id }) => id === action.userId) as User
      const families = user.families.filter(({ id }) => id === action.familyId)
      return end(families, 'ended_by_admin', ' by admin') === 1 ? { status: 204 } : refused(404, 'not_found')
    }
    case 'admin ends sessions':
      end((users.find(({ id }) => id === action.userId) as User).families, 'ended_by_admin', ' by admin')
      return { status: 204 }
  }
}

export function isLive({ now }: World, rules: Rules, family: Family): boolean {
  const expiresAt = Math.min(family.refreshState.advancedAt + rules.idle, family.startedAt + rules.absolute)
  return family.endedFor === undefined && now < expiresAt
}

function refused(status: number, error: string): Outcome {
  return { status, error }
}
