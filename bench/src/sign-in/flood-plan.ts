import type { RequestSpec } from '../load/load-plan.ts'
import type { RefreshFlowData } from '../peers/refresh-flow.ts'

/** What the flooding process is told: to begin, or to end and count. */
export type FloodOrder =
  | {
      readonly origin: string
      readonly connections: number
      /** Sent in turn, again and again. */
      readonly requests: readonly RequestSpec[]
      /** What each answer has to be, unless it is 503. */
      readonly status: number
      /** How long a connection rests after a 503, in milliseconds: at random, since strangers do not come again together. */
      readonly pauseMs: { readonly least: number; readonly most: number }
    }
  | 'end'

export interface FloodResult {
  readonly seconds: number
  /** Answers with the expected status. */
  readonly answered: number
  /** Answers with 503. */
  readonly turnedAway: number
}

/** What the steady process sends: refreshes of a few sessions, and requests for the JWKS, both at fixed rates. */
export interface SteadyPlan {
  readonly origin: string
  readonly milliseconds: number
  readonly refreshesPerSecond: number
  readonly sessions: readonly RefreshFlowData[]
  readonly jwksPerSecond: number
  readonly jwks: RequestSpec
  readonly jwksConnections: number
}

/** Times from the moment a request was due to the end of its answer, in milliseconds. */
export interface SteadyResult {
  readonly refreshMs: readonly number[]
  readonly jwksMs: readonly number[]
  readonly refreshTokens: readonly string[]
}
