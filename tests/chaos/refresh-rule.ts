/** The rule of docs/decisions/0015-recovery-of-lost-responses.md as plain code: the oracle that the statements in Postgres are compared with. */

/** In seconds. */
export interface RefreshSettings {
  /** W */
  readonly retryWindow: number
  /** R; 0 is off. */
  readonly recovery: number
}

/** A used generation, and when it last advanced the family. */
interface Use {
  readonly generation: number
  readonly at: number
}

export interface RefreshState {
  /** The newest generation: no client has presented it yet. */
  current: number
  advancedAt: number
  /** Oldest use first. */
  uses: readonly Use[]
}

export type Outcome = 'rotated' | 'retried' | 'recovered' | 'replayed'

/** The parameters of the rule. Each mutation changes one of these, and must be noticed. */
export interface RulePieces {
  /** How much older than the current generation a use may be, in windows. */
  readonly burstWindows: number
  /** How old a current generation may be to be listed when it is skipped, in windows; 0 lists none. */
  readonly listedWindows: number
  readonly skips: boolean
  /** Number of uses that a rotation keeps; a recovery keeps one more, which is the generation that it skips. */
  readonly longestList: number
  readonly renewsUses: boolean
}

export const rulePieces: RulePieces = {
  burstWindows: 2,
  listedWindows: 2,
  skips: true,
  longestList: 8,
  renewsUses: true
}

/** Decides about a presented generation, and changes the state. A caller who gets tokens gets those of `state.current`. */
export function present(
  state: RefreshState,
  generation: number,
  now: number,
  { retryWindow, recovery }: RefreshSettings,
  pieces = rulePieces
): Outcome {
  const age = now - state.advancedAt
  const { uses } = state
  if (generation === state.current) {
    const young = uses.filter(({ at }) => at > now - pieces.burstWindows * retryWindow)
    if (young.length >= rulePieces.longestList) return 'retried'
    advance([...uses, { generation, at: now }], pieces.longestList, 1)
    return 'rotated'
  }
  const use = uses.find((one) => one.generation === generation)
  const isRecoverable = use && use.at >= state.advancedAt - pieces.burstWindows * retryWindow
  if (!isRecoverable || age >= Math.max(retryWindow, recovery)) return 'replayed'
  if (age < retryWindow || !pieces.skips) return 'retried'
  const others = uses.filter((one) => one !== use)
  const skipped = age < pieces.listedWindows * retryWindow ? [{ generation: state.current, at: now }] : []
  advance([...others, { generation, at: pieces.renewsUses ? now : use.at }, ...skipped], pieces.longestList + 1, 2)
  return 'recovered'

  /** A recovery advances by two, so that replicas of the previous version never accept the skipped generation as a retry. */
  function advance(next: readonly Use[], longest: number, by: 1 | 2): void {
    state.uses = next.slice(-longest)
    state.current += by
    state.advancedAt = now
  }
}
