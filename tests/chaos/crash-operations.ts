import { randomBytes } from 'node:crypto'
import type { TokenResponse } from '@countersign/oauth'
import {
  type ApiResponse,
  ageSessions,
  burstSeconds,
  type Credentials,
  createAuthorizingBrowser,
  exchangeCode,
  isBackgroundStatement,
  newPkce,
  post,
  query,
  readFamily,
  refresh,
  register,
  send,
  signIn,
  startReplayableSession,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import pg from 'pg'
import { createClient } from 'redis'
import { expect, vi } from 'vitest'
import { type LogoutReceiver, startLogoutReceiver } from '../integration/fixtures/logout-receiver.ts'
import { type CrashFixture, sessionsPerUser } from './crash-fixture.ts'
import { type NameStep, nameOfStatement } from './crash-plan.ts'

/** An operation that is killed at each of its steps. */
export interface Operation {
  readonly name: string
  /** The step that makes its change; absent if there is none. */
  readonly commits?: string
  /** The step that may repeat any number of times, until it finds something to do. */
  readonly polls?: string
  /** Whether it needs the sweeper, of which there is one. */
  readonly isAlone?: boolean
  /** A lock that it holds: operations with the same one would wait for each other. */
  readonly lock?: string
  /** Whether statements that look like those of others follow its commit. */
  readonly goesOn?: boolean
  /** Whether it begins with the loss of all that was published. */
  readonly losesFeed?: boolean
  /** Prepares a case in which it is killed. */
  prepare(fixture: CrashFixture): Promise<Case>
}

export interface Case {
  readonly nameOf: NameStep
  /** Starts it, and resolves with the response if it is a request. */
  run(): Promise<ApiResponse | undefined>
  /** Whether its work after the response is complete. */
  isOver(): Promise<boolean>
  /** The status of the response without a fault. */
  readonly status?: number
  /** Checks what must hold after the restart. */
  verify(isCommitted: boolean): Promise<void>
  /** Sessions that must have ended: their access tokens must be rejected. */
  readonly ended: readonly TokenResponse[]
}

export type User = Credentials & { id: string }

const rotationTogether = 'rotation of several families'
const claimOfLogout = 'UPDATE backchannel_logouts'
let receiver: LogoutReceiver | undefined

export const operations: readonly Operation[] = [
  {
    name: 'sign-in past the limit of sessions',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const oldest = await signIn(fixture.authUrl, user)
      const other = await signIn(fixture.authUrl, user)
      return {
        nameOf: namesOf([oldest], { withAttempts: true }),
        run: () => post(`${fixture.authUrl}/auth/login`, { username: user.username, password: user.password }),
        isOver: () => isPublished(fixture, oldest),
        status: 200,
        ended: [oldest],
        async verify(isCommitted) {
          await expectEnded(fixture, [oldest], 'session_limit', isCommitted)
          expect(await startedSessions(fixture, user)).toEqual({
            families: isCommitted ? 3 : 2,
            live: sessionsPerUser,
            audited: isCommitted ? 3 : 2
          })
          await expectUsable(fixture, other)
          await signIn(fixture.authUrl, user)
          await expectEnded(fixture, [oldest], 'session_limit', true)
          expect(await startedSessions(fixture, user)).toMatchObject({ live: sessionsPerUser })
        }
      }
    }
  },
  {
    name: 'refresh',
    commits: 'UPDATE refresh_token_families',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      return {
        nameOf: namesOf([session]),
        run: () => refresh(fixture.authUrl, session.refresh_token) as Promise<ApiResponse<never>>,
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          expect(await readFamily(fixture.databaseUrl, sidOf(session))).toMatchObject({
            generation: isCommitted ? 1 : 0
          })
          await expectOneChain(fixture, user, session)
        }
      }
    }
  },
  {
    name: 'refreshes that go together',
    commits: rotationTogether,
    async prepare(fixture) {
      const users = await Promise.all(Array.from({ length: 4 }, () => register(fixture.authUrl)))
      const sessions = await Promise.all(users.map((user) => signIn(fixture.authUrl, user)))
      for (const { id } of users) await ageSessions(fixture.databaseUrl, id, burstSeconds)
      const [first, ...others] = sessions as [TokenResponse, ...TokenResponse[]]
      const refreshOf = ({ refresh_token }: TokenResponse) => refresh(fixture.authUrl, refresh_token)
      return {
        nameOf: (store, text) => (store === 'postgres' && /^\s*WITH p AS/.test(text) ? rotationTogether : undefined),
        // While the first one waits for its row, the others gather.
        run: () =>
          whileLocked(fixture, sidOf(first), async () => {
            refreshOf(first).catch(() => {})
            await vi.waitFor(async () => expect(await waitingRotations(fixture)).toBeGreaterThan(0))
            const [response] = await Promise.all(others.map(refreshOf))
            return response as ApiResponse<never>
          }),
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          for (const [at, session] of others.entries()) {
            const generation = isCommitted ? 1 : 0
            expect(await readFamily(fixture.databaseUrl, sidOf(session))).toMatchObject({ generation })
            await expectOneChain(fixture, users[at + 1] as User, session)
          }
        }
      }
    }
  },
  {
    name: 'retry of a refresh',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      await refresh(fixture.authUrl, session.refresh_token)
      return {
        nameOf: namesOf([session]),
        run: () => refresh(fixture.authUrl, session.refresh_token) as Promise<ApiResponse<never>>,
        isOver: async () => true,
        status: 200,
        ended: [],
        verify: () => expectOneChain(fixture, user, session)
      }
    }
  },
  {
    name: 'recovery of a lost response',
    commits: 'UPDATE refresh_token_families AS replayed',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const lost = (await refresh(fixture.authUrl, session.refresh_token)).body
      await ageSessions(fixture.databaseUrl, user.id, burstSeconds)
      return {
        nameOf: namesOf([session]),
        run: () => refresh(fixture.authUrl, session.refresh_token) as Promise<ApiResponse<never>>,
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const events = isCommitted ? 1 : 0
          expect(await readFamily(fixture.databaseUrl, sidOf(session))).toMatchObject({
            generation: isCommitted ? 3 : 1
          })
          expect(await auditedOf(fixture, user, 'refresh_token.recovered')).toBe(events)
          const recovered = (await refresh(fixture.authUrl, session.refresh_token)).body
          expect(recovered.refresh_token).not.toBe(lost.refresh_token)
          expect((await refresh(fixture.authUrl, recovered.refresh_token)).status).toBe(200)
          expect(await readFamily(fixture.databaseUrl, sidOf(session))).toMatchObject({
            generation: 4,
            revoked_at: null
          })
          expect(await auditedOf(fixture, user, 'refresh_token.recovered')).toBe(1)
        }
      }
    }
  },
  {
    name: 'replay',
    commits: 'UPDATE refresh_token_families AS replayed',
    async prepare(fixture) {
      const { first: session, third } = await startReplayableSession(fixture.authUrl, fixture.databaseUrl)
      const run = () => refresh(fixture.authUrl, session.refresh_token) as Promise<ApiResponse<never>>
      return {
        nameOf: namesOf([session]),
        run,
        isOver: () => isPublished(fixture, session),
        status: 400,
        ended: [third],
        async verify(isCommitted) {
          await expectEnded(fixture, [third], 'replay', isCommitted)
          expect(await run()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
          await expectEnded(fixture, [third], 'replay', true)
        }
      }
    }
  },
  {
    name: 'logout',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const [session, other] = [await signIn(fixture.authUrl, user), await signIn(fixture.authUrl, user)]
      const run = () => post(`${fixture.authUrl}/auth/logout`, { refresh_token: session.refresh_token })
      return {
        nameOf: namesOf([session]),
        run,
        isOver: () => isPublished(fixture, session),
        status: 204,
        ended: [session],
        async verify(isCommitted) {
          await expectEnded(fixture, [session], 'logout', isCommitted)
          expect((await run()).status).toBe(204)
          await expectEnded(fixture, [session], 'logout', true)
          await expectUsable(fixture, other)
        }
      }
    }
  },
  {
    name: 'logout-all',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const sessions = [await signIn(fixture.authUrl, user), await signIn(fixture.authUrl, user)]
      const run = () => post(`${fixture.authUrl}/auth/logout-all`, undefined, sessions[0]?.access_token)
      return {
        nameOf: namesOf(sessions),
        run,
        isOver: () => isPublished(fixture, ...sessions),
        status: 204,
        ended: sessions,
        async verify(isCommitted) {
          await expectEnded(fixture, sessions, 'logout_all', isCommitted)
          // If it was done, the access token is rejected as soon as the entry is published.
          expect((await run()).status).toBeOneOf(isCommitted ? [204, 401] : [204])
          await expectEnded(fixture, sessions, 'logout_all', true)
        }
      }
    }
  },
  {
    name: 'step-up',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const [session, other] = [await signIn(fixture.authUrl, user), await signIn(fixture.authUrl, user)]
      return {
        nameOf: namesOf([session], { withAttempts: true }),
        run: () => post(`${fixture.authUrl}/auth/step-up`, { password: user.password }, session.access_token),
        isOver: () => isPublished(fixture, session),
        status: 200,
        ended: [session],
        async verify(isCommitted) {
          await expectEnded(fixture, [session], 'reauthenticated', isCommitted)
          // Either both or none: there is no moment with one session more or less.
          expect(await startedSessions(fixture, user)).toEqual({
            families: isCommitted ? 3 : 2,
            live: 2,
            audited: isCommitted ? 3 : 2
          })
          await expectUsable(fixture, other)
          if (isCommitted) return
          const { status } = await post(
            `${fixture.authUrl}/auth/step-up`,
            { password: user.password },
            session.access_token
          )
          expect(status).toBe(200)
          await expectEnded(fixture, [session], 'reauthenticated', true)
        }
      }
    }
  },
  {
    name: 'second factor',
    // Two commits: that of the code, and that of the session.
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const codes = await giveSecondFactor(fixture, user)
      const flow = await beginFlow(fixture, user)
      return {
        nameOf: namesOf([], { withAttempts: true }),
        run: () => post(`${fixture.authUrl}/auth/login/factor`, { flow, recovery_code: codes[0] }),
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const started = isCommitted ? 1 : 0
          expect(await startedSessions(fixture, user)).toEqual({ families: started, live: started, audited: started })
          // A code that starts no session may be used up; it never starts two.
          const again = await post(`${fixture.authUrl}/auth/login/factor`, {
            flow: await beginFlow(fixture, user),
            recovery_code: codes[0]
          })
          if (isCommitted) expect(again.status).toBe(401)
          else expect([200, 401]).toContain(again.status)
          const other = { flow: await beginFlow(fixture, user), recovery_code: codes[1] }
          expect((await post(`${fixture.authUrl}/auth/login/factor`, other)).status).toBe(200)
        }
      }
    }
  },
  {
    name: 'code exchange',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const { clientId, exchange } = await authorizeApp(fixture, await signIn(fixture.authUrl, user))
      const run = () => exchangeCode(fixture.authUrl, exchange)
      const familiesOfApp = () =>
        query<{ revoked_reason: string | null }>(
          fixture.databaseUrl,
          'SELECT revoked_reason FROM refresh_token_families WHERE client_id = $1',
          [clientId]
        )
      return {
        nameOf: namesOf([]),
        run: run as () => Promise<ApiResponse<never>>,
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          expect(await familiesOfApp()).toEqual(isCommitted ? [{ revoked_reason: null }] : [])
          // A code whose session has begun is a replay, which ends it; any other is as good as before.
          expect((await run()).status).toBe(isCommitted ? 400 : 200)
          expect((await run()).status).toBe(400)
          expect(await familiesOfApp()).toEqual([{ revoked_reason: 'replay' }])
        }
      }
    }
  },
  {
    name: 'a logout that an app hears of',
    commits: 'COMMIT',
    polls: claimOfLogout,
    async prepare(fixture) {
      receiver ??= await startLogoutReceiver()
      const { received, uri } = receiver
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const members = { backchannel_logout_uri: uri }
      const { exchange } = await authorizeApp(fixture, session, { members, scope: 'openid' })
      const { sid } = unverifiedClaims((await exchangeCode(fixture.authUrl, exchange)).body.access_token)
      const run = () => post(`${fixture.authUrl}/auth/logout`, { refresh_token: session.refresh_token })
      const timesHeard = () => received.filter(({ token }) => unverifiedClaims(token).sid === sid).length
      const rows = () => query(fixture.databaseUrl, 'SELECT 1 FROM backchannel_logouts WHERE session_id = $1', [sid])
      let isCommitting = false
      return {
        // Meanwhile the denylist entry is published, and the app's first token recorded: those steps have another order each time.
        nameOf(store, text) {
          if (store === 'redis') return undefined
          if (/^\s*WITH due AS .*\bbackchannel_logouts\b/s.test(text)) return isCommitting ? claimOfLogout : undefined
          const name = isBackgroundStatement(text) ? undefined : nameOfStatement(text)
          if (name === 'COMMIT') isCommitting = true
          return name === 'UPDATE revocations' || name === 'UPDATE clients' ? undefined : name
        },
        run,
        isOver: async () => timesHeard() > 0 && (await rows()).length === 0 && (await isPublished(fixture, session)),
        status: 204,
        ended: [session],
        async verify(isCommitted) {
          await expectEnded(fixture, [session], 'logout', isCommitted)
          expect((await run()).status).toBe(204)
          // A claim of the process that was killed is over by then.
          await query(
            fixture.databaseUrl,
            'UPDATE backchannel_logouts SET claimed_until = now() WHERE session_id = $1',
            [sid]
          )
          await vi.waitFor(() => expect(timesHeard()).toBeGreaterThan(0), { timeout: 10_000 })
          await vi.waitFor(async () => expect(await rows()).toEqual([]), { timeout: 10_000 })
          expect(timesHeard()).toBeLessThanOrEqual(2)
        }
      }
    }
  },
  {
    name: 'password change',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const [here, there] = [await signIn(fixture.authUrl, user), await signIn(fixture.authUrl, user)]
      const newPassword = `another ${user.password}`
      usedSecrets.add(newPassword)
      const run = () =>
        post(
          `${fixture.authUrl}/auth/password`,
          { current_password: user.password, new_password: newPassword },
          here.access_token
        )
      return {
        nameOf: namesOf([there]),
        run,
        isOver: () => isPublished(fixture, there),
        status: 204,
        ended: [there],
        async verify(isCommitted) {
          await expectEnded(fixture, [there], 'password_changed', isCommitted)
          expect(await auditedOf(fixture, user, 'password.changed')).toBe(isCommitted ? 1 : 0)
          expect((await run()).status).toBe(isCommitted ? 400 : 204)
          await expectEnded(fixture, [there], 'password_changed', true)
          await expectUsable(fixture, here)
          await signIn(fixture.authUrl, { ...user, password: newPassword })
        }
      }
    }
  },
  {
    name: 'password reset',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const sessions = [await signIn(fixture.authUrl, user), await signIn(fixture.authUrl, user)]
      const [secret, newPassword] = [randomBytes(32).toString('base64url'), `another ${user.password}`]
      usedSecrets.add(secret).add(newPassword)
      await query(
        fixture.databaseUrl,
        `INSERT INTO one_time_secrets (user_id, purpose, address, link_hash, flow_hash, credentials_version, expires_at)
         VALUES ($1, 'password_reset', 'user@example.com', sha256($2), sha256($3), 0, now() + interval '10 minutes')`,
        [user.id, secret, `flow of ${secret}`]
      )
      const run = () => post(`${fixture.authUrl}/auth/password-reset/confirm`, { secret, new_password: newPassword })
      const mails = async () =>
        (
          await query(fixture.databaseUrl, "SELECT 1 FROM mail_outbox WHERE parameters->>'username' = $1", [
            user.username
          ])
        ).length
      return {
        nameOf: namesOf(sessions),
        run,
        isOver: () => isPublished(fixture, ...sessions),
        status: 204,
        ended: sessions,
        async verify(isCommitted) {
          await expectEnded(fixture, sessions, 'password_changed', isCommitted)
          expect(await mails()).toBe(isCommitted ? 1 : 0)
          expect(await auditedOf(fixture, user, 'password.reset')).toBe(isCommitted ? 1 : 0)
          expect((await run()).status).toBe(isCommitted ? 400 : 204)
          await expectEnded(fixture, sessions, 'password_changed', true)
          expect(await mails()).toBe(1)
          await signIn(fixture.authUrl, { ...user, password: newPassword })
        }
      }
    }
  },
  {
    name: 'disabling a user',
    commits: 'COMMIT',
    lock: 'administration of users',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const run = () => disable(fixture, user)
      return {
        nameOf: namesOf([session]),
        run,
        isOver: () => isPublished(fixture, session),
        status: 200,
        ended: [session],
        async verify(isCommitted) {
          const isDisabled = await query(
            fixture.databaseUrl,
            'SELECT 1 FROM users WHERE id = $1 AND disabled_at IS NOT NULL',
            [user.id]
          )
          expect(isDisabled).toHaveLength(isCommitted ? 1 : 0)
          await expectEnded(fixture, [session], 'user_disabled', isCommitted)
          expect(await auditedOf(fixture, user, 'user.disabled')).toBe(isCommitted ? 1 : 0)
          expect((await run()).status).toBe(200)
          await expectEnded(fixture, [session], 'user_disabled', true)
          expect(await auditedOf(fixture, user, 'user.disabled')).toBe(1)
        }
      }
    }
  },
  {
    name: 'deletion by the user',
    commits: 'COMMIT',
    lock: 'administration of users',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      await query(
        fixture.databaseUrl,
        "UPDATE users SET email = username || '@example.com', email_verified_at = now() WHERE id = $1",
        [user.id]
      )
      const sessions = [await signIn(fixture.authUrl, user), await signIn(fixture.authUrl, user)]
      const ask = (token = '') => post(`${fixture.authUrl}/auth/me/deletion`, undefined, token)
      const state = async () =>
        (
          await query(
            fixture.databaseUrl,
            `SELECT deletion_at IS NOT NULL AS pending,
               (SELECT array_agg(template ORDER BY created_at) FROM mail_outbox WHERE recipient = u.email) AS mails
             FROM users u WHERE id = $1`,
            [user.id]
          )
        )[0]
      return {
        nameOf: namesOf(sessions),
        run: () => ask(sessions[0]?.access_token),
        isOver: () => isPublished(fixture, ...sessions),
        status: 202,
        ended: sessions,
        async verify(isCommitted) {
          await expectEnded(fixture, sessions, 'deletion_requested', isCommitted)
          expect(await state()).toEqual({ pending: isCommitted, mails: isCommitted ? ['deletion_requested'] : null })
          if (!isCommitted) expect((await ask(sessions[0]?.access_token)).status).toBe(202)
          await expectEnded(fixture, sessions, 'deletion_requested', true)
          await expectUsable(fixture, await signIn(fixture.authUrl, user))
          expect(await state()).toEqual({ pending: false, mails: ['deletion_requested', 'account_kept'] })
        }
      }
    }
  },
  {
    name: 'a sign-in that keeps an account',
    commits: 'COMMIT',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      await query(
        fixture.databaseUrl,
        "UPDATE users SET deletion_requested_at = now(), deletion_at = now() + interval '1 day' WHERE id = $1",
        [user.id]
      )
      const isPending = async () =>
        (await query(fixture.databaseUrl, 'SELECT 1 FROM users WHERE id = $1 AND deletion_at IS NOT NULL', [user.id]))
          .length > 0
      return {
        nameOf: namesOf([], { withAttempts: true }),
        run: () => post(`${fixture.authUrl}/auth/login`, { username: user.username, password: user.password }),
        isOver: async () => true,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const families = isCommitted ? 1 : 0
          expect(await isPending()).toBe(!isCommitted)
          expect(await startedSessions(fixture, user)).toMatchObject({ families, audited: families })
          expect(await auditedOf(fixture, user, 'user.deletion_cancelled')).toBe(families)
          await signIn(fixture.authUrl, user)
          expect(await isPending()).toBe(false)
          expect(await auditedOf(fixture, user, 'user.deletion_cancelled')).toBe(1)
        }
      }
    }
  },
  {
    name: 'deletion of a user',
    commits: 'COMMIT',
    lock: 'administration of users',
    async prepare(fixture) {
      const user = await register(fixture.authUrl)
      const session = await signIn(fixture.authUrl, user)
      const run = () =>
        send(`${fixture.authUrl}/admin/users/${user.id}`, {
          method: 'DELETE',
          headers: { Authorization: `Bearer ${fixture.adminToken}` }
        })
      const traces = async () => {
        const [counts] = await query(
          fixture.databaseUrl,
          `SELECT (SELECT count(*)::int FROM users WHERE id = $1) AS users,
             (SELECT count(*)::int FROM refresh_token_families WHERE user_id = $1) AS families,
             (SELECT count(*)::int FROM deleted_users WHERE id = $1) AS deleted,
             (SELECT count(*)::int FROM revocations WHERE kind = 'sid' AND value = $2) AS entries`,
          [user.id, sidOf(session)]
        )
        return counts
      }
      const isDeleted = { users: 0, families: 0, deleted: 1, entries: 1 }
      return {
        nameOf: namesOf([session]),
        run,
        isOver: () => isPublished(fixture, session),
        status: 204,
        ended: [session],
        async verify(isCommitted) {
          expect(await traces()).toEqual(isCommitted ? isDeleted : { users: 1, families: 1, deleted: 0, entries: 0 })
          expect((await run()).status).toBe(isCommitted ? 404 : 204)
          expect(await traces()).toEqual(isDeleted)
          expect(await auditedOf(fixture, user, 'user.deleted')).toBe(1)
        }
      }
    }
  },
  {
    name: 'revocation of a key',
    commits: 'COMMIT',
    goesOn: true,
    async prepare(fixture) {
      const kid = await nextKeyOf(fixture)
      let commits = 0
      const run = () => post(`${fixture.authUrl}/admin/keys/${kid}/revoke`, { reason: 'crash' }, fixture.adminToken)
      const state = () =>
        query(
          fixture.databaseUrl,
          `SELECT pulled_at IS NOT NULL AS revoked, sealed_private_jwk IS NOT NULL AS sealed,
             (SELECT count(*)::int FROM revocations WHERE kind = 'kid' AND value = kid) AS entries,
             (SELECT count(*)::int FROM audit_events WHERE type = 'signing_key.pulled' AND detail->>'kid' = kid) AS events
           FROM signing_keys WHERE kid = $1`,
          [kid]
        )
      return {
        // After the commit, the steps that make the next key are left out: any later round repeats them.
        nameOf: (store, text) => {
          if (store === 'redis')
            return text.startsWith('EVALSHA ') && text.includes(kid) ? 'EVALSHA publish' : undefined
          if (isBackgroundStatement(text) || (text === 'COMMIT' ? commits++ : commits) > 0) return undefined
          return nameOfStatement(text)
        },
        run,
        isOver: async () => (await isPublishedValue(fixture, kid)) && (await nextKeyOf(fixture)) !== kid,
        status: 200,
        ended: [],
        async verify(isCommitted) {
          const done = { revoked: true, sealed: false, entries: 1, events: 1 }
          expect(await state()).toEqual([isCommitted ? done : { revoked: false, sealed: true, entries: 0, events: 0 }])
          expect((await run()).status).toBe(200)
          expect(await state()).toEqual([done])
          expect(await nextKeyOf(fixture)).not.toBe(kid)
        }
      }
    }
  },
  {
    name: 'publication of what a crash left over',
    polls: 'SELECT revocations',
    isAlone: true,
    async prepare(fixture) {
      const session = await signIn(fixture.authUrl, await register(fixture.authUrl))
      const nameOf = namesOf([session])
      return {
        nameOf: (store, text) => (store === 'postgres' && isSweep(text) ? nameOfStatement(text) : nameOf(store, text)),
        async run() {
          await leaveOver(fixture, session)
          return undefined
        },
        isOver: () => isPublished(fixture, session),
        ended: [session],
        async verify() {
          await leaveOver(fixture, session)
          await expectEnded(fixture, [session], 'logout', true)
        }
      }
    }
  },
  {
    name: 'rewriting the feed after a flush',
    isAlone: true,
    losesFeed: true,
    async prepare(fixture) {
      const session = await signIn(fixture.authUrl, await register(fixture.authUrl))
      await post(`${fixture.authUrl}/auth/logout`, { refresh_token: session.refresh_token })
      await vi.waitUntil(() => isPublished(fixture, session), { timeout: 8000, interval: 20 })
      return {
        nameOf: (store, text) =>
          store === 'redis'
            ? /^EVALSHA .*\{countersign\}:rebuild:/.test(text)
              ? 'EVALSHA rebuild'
              : undefined
            : /^\s*SELECT .*FROM revocations\s+WHERE id > /s.test(text)
              ? 'SELECT revocations'
              : undefined,
        async run() {
          await flush(fixture)
          return undefined
        },
        isOver: async () => (await feedOf(fixture)).isComplete,
        ended: [session],
        async verify() {
          for (;;) {
            const { isComplete, sids } = await feedOf(fixture)
            if (isComplete) {
              expect(sids).toContain(sidOf(session))
              return
            }
          }
        }
      }
    }
  }
]

/** The next key; after it is revoked, a new one is made within a moment. */
async function nextKeyOf(fixture: CrashFixture): Promise<string> {
  const find = () =>
    query<{ kid: string }>(
      fixture.databaseUrl,
      'SELECT kid FROM signing_keys WHERE signs_from IS NULL AND pulled_at IS NULL'
    )
  const [nextKey] = await vi.waitUntil(async () => ((await find()).length > 0 ? find() : undefined), {
    timeout: 15_000
  })
  return nextKey?.kid as string
}

function isSweep(text: string): boolean {
  return /^\s*SELECT .*FROM revocations\s+WHERE published_at IS NULL AND expires_at > \S+\s+AND/s.test(text)
}

/** The steps of an operation are everything except the background: sweeps, key reads, followers of the feed. */
export function namesOf(
  sessions: readonly TokenResponse[],
  { withAttempts = false }: { withAttempts?: boolean } = {}
): NameStep {
  const sids = sessions.map(sidOf)
  let isPublishing = false
  return (store, text) => {
    if (store === 'postgres') {
      const name = isBackgroundStatement(text) ? undefined : nameOfStatement(text)
      // Entries that are marked as published before this case has any: they belong to another one.
      return name === 'UPDATE revocations' && !isPublishing ? undefined : name
    }
    const [command] = text.split(' ', 1)
    const attempts = /\{countersign\}:(attempts:[\w-]+)/.exec(text)?.[1]
    // Cancelled attempts are sent in parallel with the DEL.
    if (attempts !== undefined)
      return withAttempts && !/ -1(?: \d+)*$/.test(text) ? `${command} ${attempts}` : undefined
    if (command !== 'EVALSHA' || !sids.some((sid) => text.includes(sid))) return undefined
    isPublishing = true
    return 'EVALSHA publish'
  }
}

/** Runs work while another connection holds the row of a family. */
async function whileLocked<T>({ databaseUrl }: CrashFixture, sid: string, work: () => Promise<T>): Promise<T> {
  const connection = new pg.Client({ connectionString: databaseUrl })
  await connection.connect()
  try {
    await connection.query('BEGIN')
    await connection.query('SELECT FROM refresh_token_families WHERE id = $1 FOR UPDATE', [sid])
    return await work()
  } finally {
    await connection.end()
  }
}

async function waitingRotations({ databaseUrl }: CrashFixture): Promise<number> {
  const rows = await query(
    databaseUrl,
    `SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ~ '^\\s*UPDATE refresh_token_families f'`
  )
  return rows.length
}

/** @returns what an app sends with a code that it has just got */
async function authorizeApp(
  fixture: CrashFixture,
  { access_token: token }: TokenResponse,
  { members = {}, scope = 'openid offline_access' }: { members?: object; scope?: string } = {}
) {
  const clientId = `app-${randomBytes(6).toString('hex')}`
  const redirectUri = 'https://app.example.com/callback'
  const client = {
    client_id: clientId,
    name: 'The app',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [redirectUri],
    ...members
  }
  const created = await post(`${fixture.authUrl}/admin/clients`, client, fixture.adminToken)
  expect(created.status, JSON.stringify(created.body)).toBe(201)
  const { verifier, challenge } = newPkce()
  const browser = createAuthorizingBrowser(fixture.authUrl)
  const request = await browser.beginWell({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    code_challenge: challenge,
    code_challenge_method: 'S256'
  })
  await browser.claim(request, token)
  const { pathname, search } = new URL((await browser.decide(request, token, 'allow')).body.complete_url)
  const { code } = (await browser.open(fixture.authUrl + pathname + search)).parameters
  if (code === undefined) throw new Error('The app got no code.')
  return { clientId, exchange: { client_id: clientId, code, redirect_uri: redirectUri, code_verifier: verifier } }
}

/** @returns two recovery codes of the user */
async function giveSecondFactor(fixture: CrashFixture, { id }: User): Promise<[string, string]> {
  const codes: [string, string] = [randomBytes(12).toString('hex'), randomBytes(12).toString('hex')]
  for (const code of codes) usedSecrets.add(code)
  await query(fixture.databaseUrl, "INSERT INTO totp_factors (user_id, sealed_seed, last_step) VALUES ($1, '', 0)", [
    id
  ])
  await query(
    fixture.databaseUrl,
    'INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, sha256(code::bytea) FROM unnest($2::text[]) code',
    [id, codes]
  )
  return codes
}

async function beginFlow(fixture: CrashFixture, { username, password }: User): Promise<string> {
  const { status, body } = await post<{ flow: string }>(`${fixture.authUrl}/auth/login`, { username, password })
  expect(status).toBe(401)
  usedSecrets.add(body.flow)
  return body.flow
}

/** The old refresh token or its one successor works, and the family has not forked. */
async function expectOneChain(fixture: CrashFixture, user: User, old: TokenResponse): Promise<void> {
  const successor = await refresh(fixture.authUrl, old.refresh_token)
  expect(successor.status).toBe(200)
  const again = await refresh(fixture.authUrl, old.refresh_token)
  expect(again).toMatchObject({ status: 200, body: { refresh_token: successor.body.refresh_token } })
  expect(await readFamily(fixture.databaseUrl, sidOf(old))).toMatchObject({ generation: 1, revoked_at: null })
  expect(await startedSessions(fixture, user)).toEqual({ families: 1, live: 1, audited: 1 })
  await expectUsable(fixture, successor.body)
}

/** A verifier may be unsure for a moment; it never says that the token is invalid. */
async function expectAccepted(fixture: CrashFixture, { access_token: token }: TokenResponse): Promise<void> {
  const statuses: number[] = []
  const ask = async () => {
    statuses.push(await fixture.statusOfMe(token))
    expect(statuses.at(-1)).toBe(200)
  }
  await vi.waitFor(ask, { timeout: 5000, interval: 50 })
  expect(statuses).not.toContain(401)
}

export async function expectUsable(fixture: CrashFixture, session: TokenResponse): Promise<void> {
  await expectAccepted(fixture, session)
  expect((await refresh(fixture.authUrl, session.refresh_token)).status).toBe(200)
}

/** Each session is ended with one denylist entry and one audit event, or nothing has changed. */
async function expectEnded(
  fixture: CrashFixture,
  sessions: readonly TokenResponse[],
  reason: string,
  isEnded: boolean
): Promise<void> {
  const rows = await query(
    fixture.databaseUrl,
    `SELECT revoked_at IS NOT NULL AS revoked, revoked_reason AS reason,
       (SELECT count(*)::int FROM revocations WHERE kind = 'sid' AND value = f.id::text) AS entries,
       (SELECT count(*)::int FROM audit_events
        WHERE session_id = f.id AND type IN ('session.ended', 'refresh_token.replayed')) AS events
     FROM refresh_token_families f WHERE id = ANY($1::uuid[])`,
    [sessions.map(sidOf)]
  )
  const expected = isEnded
    ? { revoked: true, reason, entries: 1, events: 1 }
    : { revoked: false, reason: null, entries: 0, events: 0 }
  expect(rows).toEqual(sessions.map(() => expected))
  for (const session of sessions) {
    if (!isEnded) await expectAccepted(fixture, session)
    else {
      const refused = await refresh(fixture.authUrl, session.refresh_token)
      expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    }
  }
}

export async function startedSessions(fixture: CrashFixture, { id }: User) {
  const [counts] = await query(
    fixture.databaseUrl,
    `SELECT count(*)::int AS families, count(*) FILTER (WHERE revoked_at IS NULL)::int AS live,
       (SELECT count(*)::int FROM audit_events WHERE user_id = $1 AND type = 'session.started') AS audited
     FROM refresh_token_families WHERE user_id = $1`,
    [id]
  )
  return counts
}

export async function auditedOf(fixture: CrashFixture, { id }: User, type: string): Promise<number> {
  const rows = await query(fixture.databaseUrl, 'SELECT 1 FROM audit_events WHERE user_id = $1 AND type = $2', [
    id,
    type
  ])
  return rows.length
}

function disable(fixture: CrashFixture, { id }: User): Promise<ApiResponse> {
  return send(`${fixture.authUrl}/admin/users/${id}`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${fixture.adminToken}` },
    body: JSON.stringify({ disabled: true })
  })
}

/** What a crash between commit and publication leaves behind, old enough for the sweeper. */
async function leaveOver(fixture: CrashFixture, session: TokenResponse): Promise<void> {
  await query(
    fixture.databaseUrl,
    `WITH ended AS (
       UPDATE refresh_token_families SET revoked_at = now(), revoked_reason = 'logout'
       WHERE id = $1 AND revoked_at IS NULL RETURNING id, user_id
     ), audited AS (
       INSERT INTO audit_events (type, user_id, session_id) SELECT 'session.ended', user_id, id FROM ended
     )
     INSERT INTO revocations (kind, value, expires_at, created_at)
     SELECT 'sid', id::text, now() + interval '15 minutes', now() - interval '3 seconds' FROM ended`,
    [sidOf(session)]
  )
}

async function isPublishedValue(fixture: CrashFixture, value: string): Promise<boolean> {
  const published = 'SELECT 1 FROM revocations WHERE value = $1 AND published_at IS NOT NULL'
  return (await query(fixture.databaseUrl, published, [value])).length > 0
}

async function isPublished(fixture: CrashFixture, ...sessions: TokenResponse[]): Promise<boolean> {
  const rows = await query(
    fixture.databaseUrl,
    'SELECT 1 FROM revocations WHERE value = ANY($1) AND published_at IS NOT NULL',
    [sessions.map(sidOf)]
  )
  return rows.length === sessions.length
}

async function flush(fixture: CrashFixture): Promise<void> {
  await withRedis(fixture, (client) => client.flushDb())
}

/** The state of the feed, as in docs/revocation-feed.md, and the sessions in it. */
async function feedOf(fixture: CrashFixture): Promise<{ isComplete: boolean; sids: (string | undefined)[] }> {
  return withRedis(fixture, async (client) => {
    const epoch = await client.get('{countersign}:epoch')
    const info = await client.info('server')
    const messages = (await client.xRange('{countersign}:revocations', '-', '+')) ?? []
    const runId = /^run_id:(\w+)/m.exec(info)?.[1]
    return { isComplete: epoch?.endsWith(`.${runId}`) ?? false, sids: messages.map(({ message }) => message.value) }
  })
}

async function withRedis<T>(
  { redisUrl }: CrashFixture,
  work: (client: ReturnType<typeof connectTo>) => Promise<T>
): Promise<T> {
  const client = connectTo(redisUrl)
  await client.connect()
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}

function connectTo(url: string) {
  return createClient({ url })
}

function sidOf({ access_token }: TokenResponse): string {
  return unverifiedClaims(access_token).sid
}
