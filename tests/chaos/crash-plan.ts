/** The crash points of an operation: what it sends to Postgres and Redis, learned by watching it once. */
import type { Exchange, FaultProxy, Interception, Moment } from '@countersign/testing'
import { budget } from './budget.ts'

export interface Stores {
  readonly postgres: Pick<FaultProxy<Exchange>, 'intercept'>
  readonly redis: Pick<FaultProxy<Exchange>, 'intercept'>
}
type StoreName = keyof Stores

/** @returns the name of the operation's step, or `undefined` when this is not one of its steps */
export type NameStep = (store: StoreName, text: string) => string | undefined

/** A request of an operation that it waits for. */
export interface Step {
  readonly store: StoreName
  /** Such as `UPDATE users`. */
  readonly name: string
}

/** A moment within one of the steps of an operation. */
export interface CrashPoint {
  /** Such as `killed before step 1 (UPDATE users) is sent`. */
  readonly name: string
  readonly steps: readonly Step[]
  /** Index of the step. */
  readonly at: number
  readonly moment: Moment
  /** Whether the change exists at this point. */
  readonly isCommitted: boolean
}

/** Runs an operation to its end and records its steps. */
export async function learnSteps(stores: Stores, nameOf: NameStep, work: () => Promise<unknown>): Promise<Step[]> {
  const steps: Step[] = []
  const stop = interceptAll(stores, 'before_sending', (store, { text }) => {
    const name = nameOf(store, text)
    if (name !== undefined) steps.push({ store, name })
  })
  try {
    await work()
  } finally {
    stop()
  }
  return steps
}

/**
 * Before each step is sent, and after the commit and the last step are done but before their responses are back.
 * @param commits the step that makes the change; if absent, the change existed before
 */
export function crashPointsOf(steps: readonly Step[], commits: string | undefined): CrashPoint[] {
  const commitAt = steps.map(({ name }) => name).lastIndexOf(commits ?? '')
  if (commits !== undefined && commitAt < 0)
    throw new Error(`${commits} is none of the steps: ${JSON.stringify(steps)}`)
  return steps.flatMap(({ name }, at): CrashPoint[] => {
    const step = `step ${at + 1} of ${steps.length} (${name})`
    const before = {
      name: `killed before ${step} is sent`,
      moment: 'before_sending',
      isCommitted: at > commitAt
    } as const
    const after = {
      name: `killed after ${step} is done, before its response is back`,
      moment: 'before_answering',
      isCommitted: at >= commitAt
    } as const
    const isAfterToo = budget.killsAfterEachStep || at === commitAt || at === steps.length - 1
    return [before, ...(isAfterToo ? [after] : [])].map((point) => ({ ...point, steps, at }))
  })
}

/**
 * Holds an operation at a crash point until the process is killed. Its steps must come in the learned order; other traffic in
 * between does not count.
 */
export function holdAt(stores: Stores, nameOf: NameStep, { steps, at, moment }: CrashPoint, gone: Promise<void>) {
  let next = 0
  let isReached = () => {}
  const reached = new Promise<void>((resolve) => {
    isReached = resolve
  })
  const hold = async (exchange: Exchange) => {
    isReached()
    await gone
    exchange.cut() // at once: the proxy may not have noticed yet
  }
  const isNext = (store: StoreName, { text }: Exchange) => steps[next] && steps[next]?.name === nameOf(store, text)
  const stops = [
    interceptAll(stores, 'before_sending', async (store, exchange) => {
      if (next === at && moment === 'before_sending' && isNext(store, exchange)) await hold(exchange)
    }),
    interceptAll(stores, 'before_answering', async (store, exchange) => {
      if (!isNext(store, exchange)) return
      next += 1
      if (next === at + 1 && moment === 'before_answering') await hold(exchange)
    })
  ]
  return {
    reached,
    stop() {
      for (const stop of stops) stop()
    }
  }
}

function interceptAll(
  stores: Stores,
  moment: Moment,
  action: (store: StoreName, exchange: Exchange) => unknown
): () => void {
  const stops = (['postgres', 'redis'] as const).map((store) => {
    const interception: Interception<Exchange> = {
      matches: () => true,
      moment,
      times: Number.POSITIVE_INFINITY,
      action: (exchange) => action(store, exchange)
    }
    return stores[store].intercept(interception)
  })
  return () => {
    for (const stop of stops) stop()
  }
}

/** The verb and the table of a statement, such as `INSERT INTO audit_events`. */
export function nameOfStatement(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  const [, alias, verb, table] =
    /^(?:WITH (\w+) AS \( ?)?(UPDATE|INSERT INTO|DELETE FROM) (\w+)/.exec(plain) ??
    /^()(SELECT) (pg_advisory\w+)/.exec(plain) ??
    /^()(SELECT) .*?FROM (?:"\w+"\.)?"?(\w+)/.exec(plain) ??
    []
  if (verb === undefined) return plain
  return `${verb} ${table}${alias ? ` AS ${alias}` : ''}`
}
