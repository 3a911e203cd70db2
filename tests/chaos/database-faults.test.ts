import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  connecting,
  createTestDatabase,
  createTestRedis,
  type Interception,
  type Moment,
  type PostgresExchange,
  type PostgresFaults,
  runningTimeOf,
  startPostgresFaults,
  type TestDatabase
} from '@countersign/testing'
import {
  type ApiResponse,
  ageSessions,
  type Credentials,
  get,
  post,
  query,
  readFamily,
  refresh,
  register,
  signIn,
  startReplayableSession,
  startTrio,
  type Trio,
  unverifiedClaims,
  usedSecrets
} from '@countersign/testing/trio'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'

/** The sessions' statements. */
const rotation = /^\s*UPDATE refresh_token_families/
/** The decision also reads the uses of the last minutes. */
const burstRotation = /^\s*UPDATE refresh_token_families[\s\S]*f\.used_generations \|\|/
const decision = /^\s*WITH replayed AS/
const ending = /^\s*WITH ended AS/
const newFamily = /^\s*WITH f AS/
/** The COMMIT that follows a statement: the services commit other things too, at moments of their own. */
const commitAfter = (statement: RegExp) => {
  let hasBegun = false
  return (text: string) => {
    hasBegun ||= statement.test(text)
    return hasBegun && text.startsWith('COMMIT')
  }
}
const isConnecting = (text: string) => text === connecting

/** SQLSTATEs that say "not now": the statement was not done, and may be done later. */
const transientFaults = [
  ['a deadlock', '40P01'],
  ['a serialization failure', '40001'],
  ['too many connections', '53300'],
  ['no memory left', '53200'],
  ['a lock not granted in time', '55P03'],
  ['a statement that took too long', '57014'],
  ['a disk that fails', '58030'],
  ['a server that has become a standby', '25006']
]

const connections = 3

describe('faults of the database', () => {
  let database: TestDatabase
  let postgres: PostgresFaults
  let trio: Trio
  let user: Credentials & { id: string }

  beforeAll(async () => {
    database = await createTestDatabase()
    postgres = await startPostgresFaults(database.url)
    trio = await startTrio({
      databaseUrl: postgres.url,
      redisUrl: inject('docker') ? await createTestRedis() : undefined,
      env: { REGISTRATIONS_PER_ADDRESS: '1000', DATABASE_CONNECTIONS: String(connections) }
    })
  })
  afterAll(async () => {
    await trio?.stop()
    await postgres?.close()
    await database?.drop()
  })
  beforeEach(async () => {
    user = await register(trio.auth.url)
  })

  const refreshed = (token: string) => refresh(trio.auth.url, token)
  const logout = (refreshToken: string) => post(`${trio.auth.url}/auth/logout`, { refresh_token: refreshToken })
  const login = () => post(`${trio.auth.url}/auth/login`, { username: user.username, password: user.password })
  const statusOfMe = async (accessToken: string) => (await get(`${trio.resource.url}/me`, accessToken)).status
  const liveSessions = async () =>
    (
      await query(database.url, 'SELECT FROM refresh_token_families WHERE user_id = $1 AND revoked_at IS NULL', [
        user.id
      ])
    ).length
  const newSession = async () => {
    const tokens = await signIn(trio.auth.url, user)
    return { ...tokens, sid: unverifiedClaims(tokens.access_token).sid }
  }

  /** Causes a fault at the next matching statement. */
  const fault = (
    moment: Moment,
    matches: Interception<PostgresExchange>['matches'],
    action: Interception<PostgresExchange>['action'],
    times = 1
  ) => {
    const stop = postgres.intercept({ moment, matches, action, times })
    onTestFinished(stop)
    return stop
  }
  const cut = ({ cut }: PostgresExchange) => cut()

  /** The service says that it cannot respond now, and nothing about the token. */
  const expectUnavailable = ({ status, body, headers }: ApiResponse<unknown>) => {
    expect({ status, body }).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
    expect(headers.get('Retry-After')).toMatch(/^\d+$/)
    expect(headers.has('WWW-Authenticate')).toBe(false)
  }

  /** The old token gives its one successor, however often it is presented, and that one rotates. */
  const expectOneSuccessor = async (session: { refresh_token: string; sid: string }) => {
    const first = await refreshed(session.refresh_token)
    const second = await refreshed(session.refresh_token)
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.body.refresh_token).toBe(first.body.refresh_token)
    expect(await readFamily(database.url, session.sid)).toMatchObject({ generation: 1, revoked_at: null })
    const next = await refreshed(first.body.refresh_token)
    expect(next.status).toBe(200)
    expect(await statusOfMe(next.body.access_token)).toBe(200)
  }

  const expectEnded = async (session: { access_token: string; refresh_token: string; sid: string }, reason: string) => {
    expect(await readFamily(database.url, session.sid)).toMatchObject({ revoked_reason: reason })
    expect(await query(database.url, 'SELECT 1 FROM revocations WHERE value = $1', [session.sid])).toHaveLength(1)
    expect(await refreshed(session.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    await expect.poll(() => statusOfMe(session.access_token), { timeout: 6000, interval: 50 }).toBe(401)
  }

  describe('the connection cut between commit and response', () => {
    test.each([
      ['after a pause', 600, rotation],
      ['in a burst', 0, burstRotation]
    ])('of a refresh %s: 503, and the old token gives the one successor', async (_, seconds, statement) => {
      const session = await newSession()
      await ageSessions(database.url, user.id, seconds)
      fault('before_answering', statement, cut)
      expectUnavailable(await refreshed(session.refresh_token))
      expect(await readFamily(database.url, session.sid)).toMatchObject({ generation: 1 })
      await expectOneSuccessor(session)
    })

    test('of a logout: 503, and the session has ended', async () => {
      const session = await newSession()
      fault('before_answering', commitAfter(ending), cut)
      expectUnavailable(await logout(session.refresh_token))
      await expectEnded(session, 'logout')
      expect((await logout(session.refresh_token)).status).toBe(204)
    })

    test('of a replay: 503, the family has ended, and the next replay is invalid_grant', async () => {
      const { first, third, sid } = await startReplayableSession(trio.auth.url, database.url, user)
      fault('before_answering', decision, cut)
      expectUnavailable(await refreshed(first.refresh_token))
      await expectEnded({ ...third, sid }, 'replay')
      expect(await refreshed(first.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    })

    test('of a logout-all: 503, and every session has ended', async () => {
      const [one, two] = [await newSession(), await newSession()]
      fault('before_answering', commitAfter(ending), cut)
      expectUnavailable(await post(`${trio.auth.url}/auth/logout-all`, undefined, one.access_token))
      await expectEnded(one, 'logout_all')
      await expectEnded(two, 'logout_all')
    })

    test('of a password change: 503, the new password works, and the other session has ended', async () => {
      const [here, there] = [await newSession(), await newSession()]
      const newPassword = `another ${user.password}`
      usedSecrets.add(newPassword)
      fault('before_answering', commitAfter(ending), cut)
      const body = { current_password: user.password, new_password: newPassword }
      expectUnavailable(await post(`${trio.auth.url}/auth/password`, body, here.access_token))
      await expectEnded(there, 'password_changed')
      await signIn(trio.auth.url, { ...user, password: newPassword })
      expect((await refreshed(here.refresh_token)).status).toBe(200)
    })

    test('of a sign-in: 503, and the next one works', async () => {
      fault('before_answering', commitAfter(newFamily), cut)
      expectUnavailable(await login())
      const session = await newSession()
      await expectOneSuccessor(session)
    })
  })

  describe('the connection cut before the commit', () => {
    test('of a refresh: 503, nothing has changed, and the token rotates', async () => {
      const session = await newSession()
      fault('before_sending', rotation, cut)
      expectUnavailable(await refreshed(session.refresh_token))
      expect(await readFamily(database.url, session.sid)).toMatchObject({ generation: 0 })
      await expectOneSuccessor(session)
    })

    test.each([
      // Of every transaction meanwhile: nothing tells whose it is.
      ['its BEGIN', () => /^BEGIN/, Number.POSITIVE_INFINITY],
      ['its first statement', () => /FROM users WHERE id = .* FOR NO KEY UPDATE/s, 1],
      ['its sessions end', () => ending, 1],
      ['its COMMIT', () => commitAfter(ending), 1]
    ])('of a logout-all before %s: 503, nothing has changed, and it can be repeated', async (_, matching, times) => {
      const session = await newSession()
      const stopFault = fault('before_sending', matching(), cut, times)
      const logoutAll = () => post(`${trio.auth.url}/auth/logout-all`, undefined, session.access_token)
      expectUnavailable(await logoutAll())
      stopFault()
      expect(await readFamily(database.url, session.sid)).toMatchObject({ revoked_at: null })
      expect(await statusOfMe(session.access_token)).toBe(200)
      expect((await logoutAll()).status).toBe(204)
      await expectEnded(session, 'logout_all')
    })
  })

  describe.each(transientFaults)('%s (%s) as the response', (_name, sqlState) => {
    test('to a rotation: 503, and the token rotates afterwards', async () => {
      const session = await newSession()
      fault('before_sending', rotation, ({ failWith }) => failWith(sqlState))
      expectUnavailable(await refreshed(session.refresh_token))
      expect(await readFamily(database.url, session.sid)).toMatchObject({ generation: 0 })
      await expectOneSuccessor(session)
    })

    test('to the check of a replay: 503, and the next replay ends the family', async () => {
      const { first, third, sid } = await startReplayableSession(trio.auth.url, database.url, user)
      fault('before_sending', decision, ({ failWith }) => failWith(sqlState))
      expectUnavailable(await refreshed(first.refresh_token))
      expect(await readFamily(database.url, sid)).toMatchObject({ revoked_at: null })
      expect(await refreshed(first.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
      await expectEnded({ ...third, sid }, 'replay')
    })

    test('to a logout: 503, and the next one ends the session', async () => {
      const session = await newSession()
      fault('before_sending', ending, ({ failWith }) => failWith(sqlState))
      expectUnavailable(await logout(session.refresh_token))
      expect(await statusOfMe(session.access_token)).toBe(200)
      expect((await logout(session.refresh_token)).status).toBe(204)
      await expectEnded(session, 'logout')
    })

    test('to the statements of a sign-in, the COMMIT included: 503, and the next one works', async () => {
      const verification = /^\s*SELECT deletion_at IS NOT NULL AS "isLeaving" FROM users/
      for (const matches of [verification, newFamily, commitAfter(newFamily)]) {
        fault('before_sending', matches, ({ failWith }) => failWith(sqlState))
        expectUnavailable(await login())
      }
      expect(await liveSessions()).toBe(0)
      await newSession()
    })

    test('to the end of the oldest session, when a sign-in is one too many: 503, and nothing has changed', async () => {
      const oldest = await newSession()
      await query(
        database.url,
        `INSERT INTO refresh_token_families (id, user_id, client_id, scope, audience, idle_expires_at,
          absolute_expires_at, access_expires_at, sign_in_network, address, user_agent)
        SELECT gen_random_uuid(), user_id, client_id, scope, audience, idle_expires_at, absolute_expires_at,
          access_expires_at, sign_in_network, address, user_agent
        FROM refresh_token_families, generate_series(1, 99) WHERE id = $1`,
        [oldest.sid]
      )
      fault('before_sending', ending, ({ failWith }) => failWith(sqlState))
      expectUnavailable(await login())
      expect(await liveSessions()).toBe(100)
      expect(await readFamily(database.url, oldest.sid)).toMatchObject({ revoked_at: null })
      await newSession()
      expect(await liveSessions()).toBe(100)
      await expectEnded(oldest, 'session_limit')
    })
  })

  describe('a server that', () => {
    test('shuts down (57P01) in the middle of a refresh: 503, and the token rotates afterwards', async () => {
      const session = await newSession()
      fault('before_sending', rotation, ({ endWith }) => endWith('57P01'))
      expectUnavailable(await refreshed(session.refresh_token))
      await expectOneSuccessor(session)
    })

    test('rejects new connections (53300): 503, until it accepts them again', async () => {
      const session = await newSession()
      const refuse = fault('before_sending', isConnecting, ({ endWith }) => endWith('53300'), Number.POSITIVE_INFINITY)
      await endConnections(database)
      expectUnavailable(await refreshed(session.refresh_token))
      expectUnavailable(await refreshed(session.refresh_token))
      refuse()
      await expectOneSuccessor(session)
    })

    test('does not respond to new connections: 503 within 4 s, until it does again', async () => {
      const [session, other] = [await newSession(), await newSession()]
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const hold = fault('before_sending', isConnecting, () => held, Number.POSITIVE_INFINITY)
      const statusOfOther = async () => (await refreshed(other.refresh_token)).status
      // One that was being opened is used, and so may be one that was being ended.
      const endAll = async () => {
        await endConnections(database)
        return statusOfOther()
      }
      await expect.poll(endAll).toBe(503)
      const took = await runningTimeOf(async () => expectUnavailable(await refreshed(session.refresh_token)))
      expect(took).toBeLessThan(4000)
      hold()
      release()
      await expect.poll(statusOfOther).toBe(200)
      await expectOneSuccessor(session)
    })

    test('ends every idle connection, as a failover does: no request fails, or one gets 503', async () => {
      const session = await newSession()
      await endConnections(database)
      // The service may hear only from a request that a connection has ended.
      const responses = [await refreshed(session.refresh_token), await refreshed(session.refresh_token)]
      const refusals = responses.filter(({ status }) => status !== 200)
      expect(refusals.length).toBeLessThanOrEqual(1)
      refusals.forEach(expectUnavailable)
      await expectOneSuccessor(session)
    })
  })

  describe('a client that is gone before the response', () => {
    test('of a refresh gets the one successor when it comes back', async () => {
      const session = await newSession()
      const isSent = new Promise<void>((resolve) => {
        fault('before_answering', rotation, () => resolve())
      })
      await abandon(`${trio.auth.url}/auth/refresh`, { refresh_token: session.refresh_token }, isSent)
      await expectOneSuccessor(session)
    })

    test('of a logout has logged out', async () => {
      const session = await newSession()
      const isSent = new Promise<void>((resolve) => {
        fault('before_answering', ending, () => resolve())
      })
      await abandon(`${trio.auth.url}/auth/logout`, { refresh_token: session.refresh_token }, isSent)
      // The commit comes after that statement.
      await vi.waitFor(() => expectEnded(session, 'logout'), { timeout: 5000 })
    })

    test('leaves the service as it was, also a hundred of them', async () => {
      const session = await newSession()
      const url = `${trio.auth.url}/auth/refresh`
      await Promise.all(
        Array.from({ length: 100 }, () => abandon(url, { refresh_token: session.refresh_token }, Promise.resolve()))
      )
      // The request may still be on its way; two generations later it would rightly be a replay.
      await delay(1000)
      await expectOneSuccessor(session)
    })
  })

  describe('every connection in use', () => {
    test('gives the others 503 within 4 s, and all goes on as soon as one is free', async () => {
      const sessions = [await newSession(), await newSession(), await newSession(), await newSession()]
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      let holding = 0
      const hold = () => {
        holding += 1
        return held
      }
      fault('before_sending', rotation, hold, connections)
      const waiting = sessions.slice(0, connections).map(({ refresh_token }) => refreshed(refresh_token))
      await expect.poll(() => holding, { timeout: 5000, interval: 5 }).toBe(connections)
      const last = sessions[connections] as (typeof sessions)[number]
      const took = await runningTimeOf(async () => expectUnavailable(await refreshed(last.refresh_token)))
      expect(took).toBeLessThan(4000)
      release()
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(connections).fill(200))
      await expectOneSuccessor(last)
    })
  })

  describe('locks', () => {
    test('a lock on the family for longer than lock_timeout: 503, and the token rotates afterwards', async () => {
      const session = await newSession()
      await whileLocked(
        database,
        'SELECT 1 FROM refresh_token_families WHERE id = $1 FOR UPDATE',
        [session.sid],
        async () => {
          const took = await runningTimeOf(async () => expectUnavailable(await refreshed(session.refresh_token)))
          expect(took).toBeLessThan(7000)
        }
      )
      await expectOneSuccessor(session)
    })

    test('a lock on the user for longer than lock_timeout: sign-in gets 503, and works afterwards', async () => {
      await whileLocked(database, 'SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [user.id], async () => {
        expectUnavailable(await login())
      })
      await expectOneSuccessor(await newSession())
    })

    test('a short lock on the family: the refresh waits for it', async () => {
      const session = await newSession()
      let response: Promise<ApiResponse<unknown>> | undefined
      await whileLocked(
        database,
        'SELECT 1 FROM refresh_token_families WHERE id = $1 FOR UPDATE',
        [session.sid],
        async () => {
          response = refreshed(session.refresh_token)
          await delay(300)
        }
      )
      expect((await response)?.status).toBe(200)
      await expectOneSuccessor(session)
    })

    test('a deadlock that Postgres ends: 503, nothing has changed, and it can be repeated', async () => {
      const session = await newSession()
      const client = new pg.Client({ connectionString: database.url, application_name: 'other' })
      await client.connect()
      try {
        // The service locks the user, then the family; this transaction does the reverse, and looks for no deadlock. The service
        // is the last to wait: so Postgres finds it in one for certain, and chooses it as the victim.
        await client.query("BEGIN; SET LOCAL deadlock_timeout = '60s'")
        await client.query('SELECT 1 FROM refresh_token_families WHERE id = $1 FOR UPDATE', [session.sid])
        let release = () => {}
        const held = new Promise<void>((resolve) => {
          release = resolve
        })
        const hasUser = new Promise<void>((resolve) => {
          fault('before_sending', ending, () => {
            resolve()
            return held
          })
        })
        const logoutAll = post(`${trio.auth.url}/auth/logout-all`, undefined, session.access_token)
        await hasUser
        const locking = client.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [user.id])
        // Awaited below.
        locking.catch(() => {})
        await expect.poll(() => countWaiting(database, 'other'), { interval: 10 }).toBe(1)
        release()
        expectUnavailable(await logoutAll)
        await locking
        await client.query('ROLLBACK')
      } finally {
        await client.end()
      }
      expect(await readFamily(database.url, session.sid)).toMatchObject({ revoked_at: null })
      expect((await post(`${trio.auth.url}/auth/logout-all`, undefined, session.access_token)).status).toBe(204)
      await expectEnded(session, 'logout_all')
    })
  })

  test('a service that is stopped in the middle of a transaction: 503, nothing has changed, and it can be repeated', async () => {
    const session = await newSession()
    const logoutAll = () => post(`${trio.auth.url}/auth/logout-all`, undefined, session.access_token)
    let isStopped = () => {}
    const stopped = new Promise<void>((resolve) => {
      isStopped = resolve
    })
    fault('before_answering', ending, () => {
      trio.auth.process.kill('SIGSTOP')
      isStopped()
    })
    const response = logoutAll()
    await stopped
    // Past idle_in_transaction_session_timeout the server ends the session, and its locks.
    await expect.poll(() => countOpenTransactions(database), { timeout: 15_000, interval: 100 }).toBe(0)
    trio.auth.process.kill('SIGCONT')
    expectUnavailable(await response)
    expect(await readFamily(database.url, session.sid)).toMatchObject({ revoked_at: null })
    expect((await logoutAll()).status).toBe(204)
    await expectEnded(session, 'logout_all')
  })

  test('the logs have no token, password or unhandled fault, and no response was 500', () => {
    const logs = trio.logs()
    expect(logs.includes('the database is not available')).toBe(true)
    expect([...usedSecrets].filter((secret) => logs.includes(secret))).toEqual([])
    const faults = logs.split('\n').filter((line) => /"status":500|server_error|"level":"fatal"/.test(line))
    expect(faults).toEqual([])
    for (const { process } of [trio.auth, trio.resource])
      expect([process.exitCode, process.signalCode]).toEqual([null, null])
  })
})

/** Sends a request and resets the connection when `when` resolves. */
async function abandon(url: string, body: unknown, when: Promise<void>): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  const text = JSON.stringify(body)
  const socket = connect({ host: hostname, port: Number(port) })
  await once(socket, 'connect')
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
  )
  await when
  socket.resetAndDestroy()
}

/** Holds a lock while something else happens. */
async function whileLocked(
  { url }: TestDatabase,
  lock: string,
  values: unknown[],
  work: () => Promise<void>
): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query(lock, values)
    await work()
    await client.query('ROLLBACK')
  } finally {
    await client.end()
  }
}

/** Ends the services' connections as an administrator would. On a busy machine each takes its time to end. */
async function endConnections({ url }: TestDatabase): Promise<void> {
  const ended = await query<{ pid: number }>(
    url,
    `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'countersign-auth-service'`
  )
  const pids = ended.map(({ pid }) => pid)
  const living = () => query(url, 'SELECT pid FROM pg_stat_activity WHERE pid = ANY($1)', [pids])
  await expect.poll(living, { interval: 10 }).toEqual([])
}

/** How many statements of an application wait for a lock. */
async function countWaiting({ url }: TestDatabase, application: string): Promise<number> {
  const rows = await query(
    url,
    `SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'`,
    [application]
  )
  return rows.length
}

/** How many of the services' transactions wait for their next statement. */
async function countOpenTransactions({ url }: TestDatabase): Promise<number> {
  const rows = await query(
    url,
    `SELECT 1 FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'countersign-auth-service' AND state LIKE 'idle in transaction%'`
  )
  return rows.length
}
