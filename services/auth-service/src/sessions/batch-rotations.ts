/** The longest that a statement takes on a busy machine: one that takes longer waits for something. */
const stallMs = 50
const largestBatch = 64

export interface Rotations<Presented, Rotated> {
  /** One presentation, in a statement of its own. */
  alone(presented: Presented): Promise<Rotated>
  /**
   * Several presentations of different families, in one statement, in their order. `undefined` for one about which it could not
   * decide, because its row is locked or does not fit: it goes alone.
   */
  together(batch: readonly Presented[]): Promise<readonly (Rotated | undefined)[]>
  /** Whether a batch that failed with this error has written nothing, and may have failed because of one of its presentations. */
  goesAloneAfter(error: unknown): boolean
}

interface Waiting<Presented, Rotated> {
  readonly presented: Presented
  readonly resolve: (rotated: Rotated | PromiseLike<Rotated>) => void
  readonly reject: (error: unknown) => void
}

/**
 * Lets rotations that come while a statement of this replica is under way wait for it, and then go together: one round trip, one
 * commit. When nothing is under way, none waits; and none waits longer than 50 ms for a statement that stalls.
 *
 * A batch whose connection broke is never presented again: its rotations may have been committed, and would be replays now.
 */
export function batchRotations<Presented extends { readonly familyId: string }, Rotated>({
  alone,
  together,
  goesAloneAfter
}: Rotations<Presented, Rotated>): (presented: Presented) => Promise<Rotated> {
  const waiting: Waiting<Presented, Rotated>[] = []
  /** The statement that the others wait for; one that stalls is replaced. */
  let underWay: object | undefined
  let stallTimer: NodeJS.Timeout | undefined
  /** Families whose presentations wait or are under way. */
  const held = new Set<string>()

  return (presented) => {
    const { familyId } = presented
    // Of one family only one could rotate: Postgres decides about the others, as those of other replicas.
    if (held.has(familyId)) return alone(presented)
    held.add(familyId)
    return joinBatch(presented).finally(() => held.delete(familyId))
  }

  function joinBatch(presented: Presented): Promise<Rotated> {
    return new Promise((resolve, reject) => {
      waiting.push({ presented, resolve, reject })
      if (waiting.length > 1) return
      if (underWay) stallTimer = setTimeout(goOn, stallMs)
      else setImmediate(goOn)
    })
  }

  function run<T>(statement: Promise<T>): Promise<T> {
    const turn = {}
    underWay = turn
    const end = () => {
      if (underWay !== turn) return
      underWay = undefined
      if (waiting.length > 0) setImmediate(goOn)
    }
    statement.then(end, end)
    return statement
  }

  /** Once in a turn of the event loop, when all requests that have arrived are read. */
  function goOn(): void {
    clearTimeout(stallTimer)
    const batch = waiting.splice(0, largestBatch)
    const [only, ...others] = batch
    if (!only) return
    if (others.length === 0) only.resolve(run(alone(only.presented)))
    else runTogether(batch)
    if (waiting.length > 0) stallTimer = setTimeout(goOn, stallMs)
  }

  function runTogether(batch: readonly Waiting<Presented, Rotated>[]): void {
    const goAlone = ({ presented, resolve }: Waiting<Presented, Rotated>) => resolve(alone(presented))
    run(together(batch.map(({ presented }) => presented))).then(
      (results) => {
        batch.forEach((one, index) => {
          const rotated = results[index]
          if (rotated === undefined) goAlone(one)
          else one.resolve(rotated)
        })
      },
      (error: unknown) => {
        if (goesAloneAfter(error)) batch.forEach(goAlone)
        else for (const { reject } of batch) reject(error)
      }
    )
  }
}
