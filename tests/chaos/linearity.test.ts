import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { budget } from './budget.ts'
import type { Call } from './calls.ts'
import { type CheckedWorld, createCheckedWorld, type Hold } from './checked-world.ts'
import type { Action, Family, Outcome, User } from './family-model.ts'
import { type Fixture, openFixture, rules } from './fixture.ts'

/**
 * Pairs of calls at the same time, on two replicas. By the model, one order of them must explain both responses, the rows and
 * every token. Independently of the model: what must not survive in any order.
 */

/** A user with the role of an auditor, who is signed in at two places. */
interface Scene {
  readonly user: User
  readonly here: Family
  /** Refreshed twice, more than two windows apart: its first refresh token is a replay. */
  readonly there: Family
}

/** What must hold once both calls have returned. */
type Aftermath = (after: { rows: readonly FamilyRow[]; outcomes: readonly Outcome[]; scene: Scene }) => void

interface FamilyRow {
  readonly id: string
  readonly startedAt: number
  readonly revokedAt: number | null
  readonly reason: string | null
}

const isAlive = ({ revokedAt }: FamilyRow) => revokedAt === null

const nothingIsAlive: Aftermath = ({ rows }) => expect(rows.filter(isAlive)).toEqual([])

const thereHasEnded: Aftermath = ({ rows, scene }) =>
  expect(rows.find(({ id }) => id === scene.there.id)?.revokedAt).not.toBeNull()

/** Older sessions and sign-ins with the old password have ended; the session that changed the password has not. */
const onlyHereIsAlive: Aftermath = ({ rows, scene }) =>
  expect(rows.filter(isAlive).map(({ id }) => id)).toEqual([scene.here.id])

/**
 * A sign-in after the end of all sessions starts one that may live. The database decides which came first: a live session
 * started after all ended ones had ended.
 */
const endsAllOlder =
  (reason: string): Aftermath =>
  ({ rows, scene }) => {
    const ends = rows.filter((row) => row.reason === reason).map(({ revokedAt }) => revokedAt as number)
    const old = rows.filter(({ id }) => id === scene.here.id || id === scene.there.id)
    expect(old.filter(isAlive)).toEqual([])
    for (const { startedAt } of rows.filter(isAlive)) expect(startedAt).toBeGreaterThanOrEqual(Math.max(...ends))
  }

/** A live session does not have the removed role. */
const noLiveAuditor: Aftermath = ({ rows, outcomes }) => {
  const live = new Set(rows.filter(isAlive).map(({ id }) => id))
  const auditors = outcomes.filter(
    ({ tokens }) => tokens && live.has(tokens.familyId) && tokens.roles.includes('auditor')
  )
  expect(auditors).toEqual([])
}

const refreshThere = ({ there }: Scene): Action => ({ kind: 'refresh', familyId: there.id, generation: 2 })
const retryThere = ({ there }: Scene): Action => ({ kind: 'refresh', familyId: there.id, generation: 1 })
/** After the retry window: its response was lost. */
const recoverThere = retryThere
const recoverable = 200
/** After two windows: the generation that a recovery then skips is no longer valid. */
const unlisted = 300
const replayThere = ({ there }: Scene): Action => ({ kind: 'refresh', familyId: there.id, generation: 0 })
const signIn = ({ user }: Scene): Action => ({ kind: 'sign in', userId: user.id, password: user.password })
const logOutThere = ({ there }: Scene): Action => ({ kind: 'log out', bearer: there.id })
const logOutThereByToken = ({ there }: Scene): Action => ({
  kind: 'log out by refresh token',
  familyId: there.id,
  generation: 0
})
const logOutEverywhere = ({ here }: Scene): Action => ({ kind: 'log out everywhere', bearer: here.id })
const endThere = ({ here, there }: Scene): Action => ({ kind: 'end session', bearer: here.id, familyId: there.id })
const endHere = ({ here, there }: Scene): Action => ({ kind: 'end session', bearer: there.id, familyId: here.id })
const changePassword =
  (next: string, from: 'here' | 'there' = 'here') =>
  (scene: Scene): Action => ({
    kind: 'change password',
    bearer: scene[from].id,
    current: scene.user.password,
    next
  })
const disable = ({ user }: Scene): Action => ({ kind: 'admin changes user', userId: user.id, isDisabled: true })
const enable = ({ user }: Scene): Action => ({ kind: 'admin changes user', userId: user.id, isDisabled: false })
const giveRoles =
  (...roles: string[]) =>
  ({ user }: Scene): Action => ({ kind: 'admin changes user', userId: user.id, roles })
const adminEndsThere = ({ user, there }: Scene): Action => ({
  kind: 'admin ends session',
  userId: user.id,
  familyId: there.id
})
const adminEndsAll = ({ user }: Scene): Action => ({ kind: 'admin ends sessions', userId: user.id })

type Race = readonly [
  name: string,
  calls: readonly ((scene: Scene) => Action)[],
  aftermath: Aftermath,
  /** How long after the last refresh, in seconds. */
  afterSeconds?: number
]

const races: readonly Race[] = [
  ['a refresh and a logout', [refreshThere, logOutThere], thereHasEnded],
  ['a refresh and a logout by an older refresh token', [refreshThere, logOutThereByToken], thereHasEnded],
  ['a refresh and a logout everywhere', [refreshThere, logOutEverywhere], nothingIsAlive],
  ['a refresh and the end of its session', [refreshThere, endThere], thereHasEnded],
  ['a refresh and a replay', [refreshThere, replayThere], thereHasEnded],
  ['a retry and a replay', [retryThere, replayThere], thereHasEnded],
  ['a retry and a logout', [retryThere, logOutThere], thereHasEnded],
  ['two recoveries', [recoverThere, recoverThere], () => {}, recoverable],
  ['a recovery and a refresh with the token that it skips', [recoverThere, refreshThere], () => {}, recoverable],
  ['a late recovery and a refresh with the token that it skips', [recoverThere, refreshThere], thereHasEnded, unlisted],
  ['a recovery and a replay', [recoverThere, replayThere], thereHasEnded, recoverable],
  ['a recovery and a logout', [recoverThere, logOutThere], thereHasEnded, recoverable],
  ['a refresh and a password change', [refreshThere, changePassword('another password')], onlyHereIsAlive],
  ['a refresh and disabling its user', [refreshThere, disable], nothingIsAlive],
  ['a refresh and the loss of a role', [refreshThere, giveRoles()], nothingIsAlive],
  ['a refresh and a new role', [refreshThere, giveRoles('auditor', 'reader')], () => {}],
  ['a refresh and an admin who ends its session', [refreshThere, adminEndsThere], thereHasEnded],
  ['a refresh and an admin who ends all sessions', [refreshThere, adminEndsAll], nothingIsAlive],

  ['a sign-in and disabling its user', [signIn, disable], nothingIsAlive],
  [
    'a sign-in with the old password and a password change',
    [signIn, changePassword('another password')],
    onlyHereIsAlive
  ],
  ['a sign-in and a logout everywhere', [signIn, logOutEverywhere], endsAllOlder('logout_all')],
  ['a sign-in and an admin who ends all sessions', [signIn, adminEndsAll], endsAllOlder('ended_by_admin')],
  ['a sign-in and the loss of a role', [signIn, giveRoles('reader')], noLiveAuditor],

  [
    'two password changes of two sessions',
    [changePassword('one new password'), changePassword('another new password', 'there')],
    ({ rows, outcomes }) => {
      expect(outcomes.filter(({ status }) => status === 204)).toHaveLength(1)
      expect(rows.filter(isAlive)).toHaveLength(1)
    }
  ],
  [
    'two password changes of one session',
    [changePassword('one new password'), changePassword('another new password')],
    (after) => {
      expect(after.outcomes.filter(({ status }) => status === 204)).toHaveLength(1)
      onlyHereIsAlive(after)
    }
  ],
  ['a password change and a logout everywhere', [changePassword('another password'), logOutEverywhere], nothingIsAlive],
  ['a password change and disabling its user', [changePassword('another password'), disable], nothingIsAlive],
  ['a password change and the end of its session', [changePassword('another password'), endHere], () => {}],
  ['two sessions that end each other', [endHere, endThere], () => {}],
  ['a logout everywhere and a replay', [logOutEverywhere, replayThere], nothingIsAlive],

  ['disabling and the loss of a role', [disable, giveRoles()], nothingIsAlive],
  ['disabling and enabling', [disable, enable], nothingIsAlive],
  ['disabling twice', [disable, disable], nothingIsAlive],
  ['the loss of a role and its return', [giveRoles(), giveRoles('auditor')], () => {}],
  ['disabling and a logout', [disable, logOutThere], nothingIsAlive],
  ['disabling and an admin who ends all sessions', [disable, adminEndsAll], nothingIsAlive],
  ['disabling, a sign-in and a refresh', [disable, signIn, refreshThere], nothingIsAlive],
  ['disabling, enabling and a sign-in', [disable, enable, signIn], endsAllOlder('user_disabled')]
]

describe.skipIf(!inject('docker'))('linearity: in every interleaving, a revoked token stays revoked', () => {
  let fixture: Fixture

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  test.each(races.map(([name, actions, aftermath, after = 0]) => [name, actions, aftermath, after] as const))(
    '%s',
    { timeout: 30_000 + budget.races * 5000 },
    async (_, actions, aftermath, afterSeconds) => {
      const worlds: CheckedWorld[] = []
      for (let turn = 0; turn < budget.races; turn++) {
        const { checked, scene, hashingMs } = await setScene(afterSeconds)
        const outcomes = await checked.run(
          inParallel(
            actions.map((action) => action(scene)),
            hashingMs
          ),
          holdOf(turn)
        )
        aftermath({ rows: await readFamilies(scene.user.id), outcomes, scene })
        await checked.finish()
        worlds.push(checked)
      }
      // A rejected token stays rejected.
      for (const checked of worlds) await checked.finish()
    }
  )

  test('parallel sign-ins never pass the limit of live sessions, and the newest ones live', async () => {
    for (let turn = 0; turn < budget.races; turn++) {
      const { checked, scene, hashingMs } = await setScene()
      const signIns = Array.from({ length: 5 }, () => signIn(scene))
      await checked.run(inParallel(signIns, hashingMs), holdOf(turn))
      const rows = await readFamilies(scene.user.id)
      const byAge = rows.toSorted((a, b) => a.startedAt - b.startedAt)
      expect(rows.filter(isAlive)).toHaveLength(rules.sessionsPerUser)
      expect(byAge.slice(-rules.sessionsPerUser).every(isAlive)).toBe(true)
      await checked.finish()
    }
  })

  test('parallel sign-ins with the right password all succeed while the hash is renewed', async () => {
    const password = 'an old but fine password'
    // Made with weaker parameters than today's.
    const outdated = '$argon2id$v=19$m=8192,t=1,p=1$BTVEcuy49O0YD28XxEvo/w$Z5bOrS6w3y8iugbpLm0aKU3ow7bpFAOoI+nNcaqXdJg'
    for (let turn = 0; turn < budget.races; turn++) {
      const checked = await createCheckedWorld(fixture, { users: 1 })
      const [user] = checked.world.users as [User]
      user.password = password
      await fixture.pool.query('UPDATE users SET password_hash = $2 WHERE id = $1', [user.id, outdated])
      const action: Action = { kind: 'sign in', userId: user.id, password }
      await checked.run([0, 1].map((replica) => ({ action, replica })))
    }
  })

  async function setScene(afterSeconds = 0): Promise<{ checked: CheckedWorld; scene: Scene; hashingMs: number }> {
    const checked = await createCheckedWorld(fixture, { users: 1 })
    const does = (action: Action) => checked.run([{ action, replica: 0 }])
    const [{ id: userId, password }] = checked.world.users as [User]
    await does({ kind: 'admin changes user', userId, roles: ['auditor'] })
    await does({ kind: 'sign in', userId, password })
    const begin = performance.now()
    await does({ kind: 'sign in', userId, password })
    const hashingMs = performance.now() - begin
    const familyId = checked.world.users[0]?.families[1]?.id as string
    await does({ kind: 'refresh', familyId, generation: 0 })
    await checked.pass(300)
    await does({ kind: 'refresh', familyId, generation: 1 })
    if (afterSeconds > 0) await checked.pass(afterSeconds)
    const [user] = checked.world.users as [User]
    const [here, there] = user.families as [Family, Family]
    return { checked, scene: { user, here, there }, hashingMs }
  }

  async function readFamilies(userId: string): Promise<FamilyRow[]> {
    const { rows } = await fixture.pool.query<FamilyRow>(
      `SELECT id, revoked_reason AS reason, extract(epoch FROM created_at)::float8 AS "startedAt",
         extract(epoch FROM revoked_at)::float8 AS "revokedAt"
       FROM refresh_token_families WHERE user_id = $1`,
      [userId]
    )
    return rows
  }
})

const holds: readonly Hold[] = ['nothing', 'families', 'nothing', 'user']

function holdOf(turn: number): Hold {
  return holds[turn % holds.length] as Hold
}

/**
 * Calls that verify a password reach the database one or two hashings later than the others: the others wait for about that
 * long, so that the calls meet.
 */
function inParallel(actions: readonly Action[], hashingMs: number): Call[] {
  const costs = actions.map(({ kind }) => (kind === 'sign in' ? 1 : kind === 'change password' ? 2 : 0))
  const highest = Math.max(...costs)
  return actions.map((action, replica) => {
    const head = (highest - (costs[replica] ?? 0)) * hashingMs
    return { action, replica, delayMs: Math.random() * (head + (highest > 0 ? hashingMs / 2 : 8)) }
  })
}
