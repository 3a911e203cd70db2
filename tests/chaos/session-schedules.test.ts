import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { budget } from './budget.ts'
import type { Call } from './calls.ts'
import { type CheckedWorld, createCheckedWorld, type Hold } from './checked-world.ts'
import { type Action, type Family, isLive } from './family-model.ts'
import { type Fixture, openFixture, rules } from './fixture.ts'

/** Housekeeping removes sessions that expired more than about an hour ago. */
const longestScheduleSeconds = 4500

/** How old a refresh token is, in tokens of its session. */
const age = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 4 }) }
)

const one = <K extends Deed['kind']>(...kinds: K[]) => fc.constantFrom(...kinds)

interface Deed {
  readonly kind:
    | Exclude<Action['kind'], 'admin changes user'>
    | 'admin disables'
    | 'admin enables'
    | 'admin gives roles'
  /** Which session; it may have ended. */
  readonly session: number
  readonly otherSession: number
  readonly age: number
  readonly roles: string[]
  readonly isPasswordRight: boolean
  readonly replica: number
  readonly delayMs: number
}

/** An action of a user; the numbers select among what exists at that time. */
const deed: fc.Arbitrary<Deed> = fc.record({
  // Actions that end sessions are rare, so that there are some to end.
  kind: fc.oneof(
    { weight: 12, arbitrary: one('refresh') },
    { weight: 6, arbitrary: one('sign in') },
    { weight: 4, arbitrary: one('admin gives roles') },
    { weight: 3, arbitrary: one('log out', 'log out by refresh token', 'end session', 'admin ends session') },
    { weight: 2, arbitrary: one('present a forged token', 'list sessions') },
    { weight: 2, arbitrary: one('change password') },
    { weight: 3, arbitrary: one('admin disables', 'admin enables', 'admin enables') },
    { weight: 1, arbitrary: one('log out everywhere', 'admin ends sessions') }
  ),
  session: fc.nat(7),
  otherSession: fc.nat(7),
  age,
  roles: fc.subarray(['auditor', 'reader']),
  isPasswordRight: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  replica: fc.nat(1),
  delayMs: fc.nat(5)
})

const hold = fc.constantFrom<Hold>('nothing', 'nothing', 'user', 'families')

const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ does: fc.constant('one' as const), user: fc.nat(1), deed }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('refreshes' as const),
      user: fc.nat(1),
      session: fc.nat(7),
      age,
      times: fc.integer({ min: 2, max: 16 }),
      hold
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('race' as const),
      user: fc.nat(1),
      deeds: fc.array(deed, { minLength: 2, maxLength: 4 }),
      hold
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('time' as const),
      seconds: fc.constantFrom<number>(100, 100, 100, 100, 200, 500, 500, 700, 1300)
    })
  }
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const does = (kind: Deed['kind'], particulars: Partial<Deed> = {}): Step => ({
  does: 'one',
  user: 0,
  deed: { ...usually, kind, ...particulars }
})
const usually = { session: 1, otherSession: 0, age: 0, roles: [], isPasswordRight: true, replica: 0, delayMs: 0 }
const wait = (seconds: number): Step => ({ does: 'time', seconds })

/** Cases that chance rarely produces. */
const knownToBeHard: Step[][] = [
  // Late retries, each of which must prolong the future denylist entry, and which wait for each other.
  [does('refresh'), wait(100), { does: 'refreshes', user: 0, session: 1, age: 1, times: 8, hold: 'families' }],
  // A retry on the replica whose clock says that the window is over.
  [does('refresh'), wait(100), does('refresh', { age: 1, replica: 1 }), wait(100), does('refresh', { age: 1 })],
  // A session that expired before its access token must still be denied.
  [wait(500), does('log out by refresh token', { session: 0 })],
  [wait(500), does('admin disables')],
  // A role shows at the next refresh, on each replica.
  [
    does('refresh'),
    does('refresh', { replica: 1 }),
    does('admin gives roles', { roles: ['auditor'] }),
    does('refresh'),
    does('refresh', { replica: 1 })
  ],
  // A straggler of the last burst, a lost response that is found again by many at once, and a token that was skipped.
  [does('refresh'), does('refresh'), does('refresh', { age: 2 }), does('refresh')],
  [
    does('refresh'),
    wait(200),
    { does: 'refreshes', user: 0, session: 1, age: 1, times: 8, hold: 'families' },
    wait(200),
    does('refresh', { age: 1 })
  ],
  [does('refresh'), wait(300), does('refresh', { age: 1 }), does('refresh', { age: 1 })],
  // A token from before the last burst.
  [does('refresh'), wait(300), does('refresh'), does('refresh', { age: 2 })],
  [does('end session')],
  // Each other way in which a session ends, so that chance need not bring it.
  [does('sign in'), does('log out everywhere')],
  [does('sign in'), does('admin ends session'), does('admin ends sessions')],
  [does('sign in'), does('change password')],
  [does('admin gives roles', { roles: ['auditor'] }), does('sign in'), does('admin gives roles')],
  [does('admin disables'), does('admin enables'), does('sign in')],
  // More refreshes than the list can hold.
  Array.from({ length: 12 }, () => does('refresh')),
  Array.from({ length: rules.sessionsPerUser }, () => does('sign in'))
]

/** A schedule that never reaches a case proves nothing about it: what is known to be hard reaches each, without chance. */
const everythingThatHappens = [
  'password.changed',
  'refresh_token.recovered',
  'refresh_token.replayed',
  'session.ended ended_by_admin by admin',
  'session.ended logout',
  'session.ended logout_all',
  'session.ended password_changed',
  'session.ended role_removed by admin',
  'session.ended session_ended',
  'session.ended session_limit',
  'session.ended user_disabled by admin',
  'session.started',
  'user.disabled by admin',
  'user.enabled by admin',
  'user.roles_changed by admin'
]

describe.skipIf(!inject('docker'))('sessions under any schedule', () => {
  let fixture: Fixture
  const happened = new Set<string>()

  beforeAll(async () => {
    fixture = await openFixture()
  })
  afterAll(() => fixture?.close())

  test(
    'every response and the database match the model, on two replicas of which one is a minute ahead',
    async () => {
      const schedule = fc.array(step, { minLength: 1, maxLength: budget.depth, size: 'max' })
      const details = await fc.check(fc.asyncProperty(schedule, follow), {
        numRuns: knownToBeHard.length + budget.runs,
        examples: knownToBeHard.map((steps): [Step[]] => [steps]),
        ...(budget.seed === undefined ? {} : { seed: budget.seed }),
        ...(budget.path === undefined ? {} : { path: budget.path }),
        interruptAfterTimeLimit: 120_000 + budget.runs * 5000,
        markInterruptAsFailure: true
      })
      if (details.failed) {
        const { seed, counterexamplePath: path } = details
        const replay = `CHAOS_SEED=${seed} CHAOS_PATH=${path} CHAOS_DEPTH=${budget.depth}`
        throw new Error(`${fc.defaultReportMessage(details)}\n\nTo replay it:\n${replay} ${command}`, {
          cause: details.errorInstance
        })
      }
      if (budget.path === undefined) expect([...happened].sort()).toEqual(everythingThatHappens)
    },
    240_000 + budget.runs * 5000
  )

  async function follow(steps: readonly Step[]): Promise<void> {
    const checked = await createCheckedWorld(fixture, { users: 2 })
    for (const { id: userId, password } of checked.world.users) {
      await checked.run([{ action: { kind: 'sign in', userId, password }, replica: 0 }])
    }
    for (const step of steps) await take(checked, step)
    await checked.finish()
    for (const event of checked.world.events) happened.add(event.replaceAll(/ [0-9a-f-]{36}| \d+ at \d+/g, ''))
  }
})

const command = 'npx vitest run --project integration tests/chaos/session-schedules.test.ts'

async function take(checked: CheckedWorld, step: Step): Promise<void> {
  if (step.does === 'time') {
    if (checked.world.now + step.seconds <= longestScheduleSeconds) await checked.pass(step.seconds)
    return
  }
  if (step.does === 'refreshes') {
    const family = chooseFamily(checked, step.user, step.session)
    if (!family) return
    const action = {
      kind: 'refresh',
      familyId: family.id,
      generation: generationOf(checked, family, step.age)
    } as const
    await checked.run(
      Array.from({ length: step.times }, (_, replica) => ({ action, replica })),
      step.hold
    )
    return
  }
  const deeds = step.does === 'race' ? step.deeds : [step.deed]
  const calls = deeds.flatMap((one) => toCall(checked, step.user, one) ?? [])
  if (calls.length > 0) await checked.run(calls, step.does === 'race' ? step.hold : 'nothing')
}

const choose = <T>(from: readonly T[], number: number) => from[number % Math.max(1, from.length)]

/** Mostly a live one, where most faults show. */
function chooseFamily({ world }: CheckedWorld, user: number, number: number): Family | undefined {
  const families = choose(world.users, user)?.families ?? []
  const live = families.filter((family) => isLive(world, rules, family))
  return (number % 4 === 0 ? undefined : choose(live, number)) ?? choose(families, number)
}

/** The oldest one, if an older one is wanted. */
function generationOf({ issued }: CheckedWorld, { id }: Family, age: number): number {
  const generations = issued.generations(id)
  return generations[age] ?? generations.at(-1) ?? 0
}

/** @returns `undefined` when there is no suitable session */
function toCall(checked: CheckedWorld, userIndex: number, deed: Deed): Call | undefined {
  const action = toAction(checked, userIndex, deed)
  return action && { action, replica: deed.replica, delayMs: deed.delayMs }
}

let passwords = 0

function toAction(checked: CheckedWorld, userIndex: number, deed: Deed): Action | undefined {
  const { world, hasLiveAccessToken } = checked
  const [user, stranger] = [choose(world.users, userIndex), choose(world.users, userIndex + 1)]
  if (!user || !stranger) return undefined
  const { id: userId, families } = user
  const family = chooseFamily(checked, userIndex, deed.session)
  const signedIn = families.filter(({ id }) => hasLiveAccessToken(id))
  const inLive = signedIn.filter(({ endedFor }) => endedFor === undefined)
  const bearer = (choose(inLive, deed.session) ?? choose(signedIn, deed.session))?.id
  const anyFamily = choose([...families, ...families, ...stranger.families], deed.otherSession)
  const password = deed.isPasswordRight ? user.password : 'not the password'
  switch (deed.kind) {
    case 'sign in':
      return { kind: deed.kind, userId, password }
    case 'refresh':
    case 'log out by refresh token':
      return family && { kind: deed.kind, familyId: family.id, generation: generationOf(checked, family, deed.age) }
    case 'present a forged token':
      return family && { kind: deed.kind, familyId: family.id }
    case 'log out':
    case 'log out everywhere':
    case 'list sessions':
      return bearer === undefined ? undefined : { kind: deed.kind, bearer }
    case 'end session':
      return bearer === undefined || !anyFamily ? undefined : { kind: deed.kind, bearer, familyId: anyFamily.id }
    case 'change password':
      if (bearer === undefined) return undefined
      return { kind: deed.kind, bearer, current: password, next: `new password ${++passwords}` }
    case 'admin disables':
    case 'admin enables':
      return { kind: 'admin changes user', userId, isDisabled: deed.kind === 'admin disables' }
    case 'admin gives roles':
      return { kind: 'admin changes user', userId, roles: deed.roles }
    case 'admin ends session':
      return anyFamily && { kind: deed.kind, userId, familyId: anyFamily.id }
    case 'admin ends sessions':
      return { kind: deed.kind, userId }
  }
}
