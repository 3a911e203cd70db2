import type { RequestSpec } from '../load/load-plan.ts'
import type { RefreshFlowData } from '../peers/refresh-flow.ts'

/** A message to the flooding process: to start, or to end and count. */
export type FloodOrder =
  | {
      readonly origin: string
      readonly connections: number
      /** Sent in turn, again and again. */
      readonly requests: readonly RequestSpec[]
      /** The expected status of each response, unless it is 503. */
      readonly status: number
      /** How long a connection rests after a 503, in milliseconds: at random, since strangers do not come again together. */
      readonly pauseMs: { readonly least: number; readonly most: number }
    }
  | 'end'

export interface FloodResult {
  readonly seconds: number
  /** Responses with the expected status. */
  readonly accepted: number
  /** Responses with 503. */
  readonly rejected: number
}

/** The load of the steady process: refreshes of a few sessions, and requests for the JWKS, both at fixed rates. */
export interface SteadyPlan {
  readonly origin: string
  readonly milliseconds: number
  readonly refreshesPerSecond: number
  readonly sessions: readonly RefreshFlowData[]
  readonly jwksPerSecond: number
  readonly jwks: RequestSpec
  readonly jwksConnections: number
}

/** Times from the moment a request was due to the end of its response, in milliseconds. */
export interface SteadyResult {
  readonly refreshMs: readonly number[]
  readonly jwksMs: readonly number[]
  readonly refreshTokens: readonly string[]
}
