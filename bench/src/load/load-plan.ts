/** One request that the load generator sends. */
export interface RequestSpec {
  /** Default `GET`. */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The requests of one connection, if each depends on the response before it. */
export interface Flow {
  /** The next request; `undefined` when this connection has nothing more to send. */
  next(): RequestSpec | undefined
  onResponse?(response: { readonly status: number; readonly head: string; readonly body: string }): void
  /** The state with which the next round has to start, such as the last refresh token of this one. */
  state?(): unknown
}

/** The default export of a flow's module. `data` is the member of `LoadPlan.flow.data` for this connection. */
export type FlowFactory = (data: unknown) => Flow

/** One round of load. Everything in it is plain data, since it goes to another process. */
export interface LoadPlan {
  /** Such as `http://127.0.0.1:43210`. Several share the connections. */
  readonly origin: string | readonly string[]
  /** All are open before the clock starts. */
  readonly connections: number
  /** The round ends after this many requests, or this much time; running requests are still awaited. */
  readonly limit: { readonly requests?: number; readonly milliseconds?: number }
  /**
   * Requests are due at fixed times, whether or not earlier ones have their responses, and latencies count from then; `limit` must
   * name milliseconds. Without it each connection sends its next request as soon as one has its response.
   */
  readonly perSecond?: number
  /** Any other status fails the round. Default: only 200. */
  readonly expectedStatuses?: readonly number[]
  /** Sent in this order over all connections; again from the beginning if `repeat`, else the round ends with the last. */
  readonly requests?: readonly RequestSpec[]
  readonly repeat?: boolean
  /** Instead of `requests`: a module (its URL) whose default export is a `FlowFactory`, and what each connection gets. */
  readonly flow?: { readonly module: string; readonly data: readonly unknown[] }
}

/** The results of one round of load. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly requestsPerSecond: number
  readonly statuses: Readonly<Record<string, number>>
  /** From the write of a request, or from when it was due at a fixed rate, to the end of its response. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number }
  /** How much of the time the generator's own event loop was busy, 0 to 1: near 1, it was the limit itself. */
  readonly clientUtilisation: number
  readonly clientCpuMicrosPerRequest: number
  /** Each request's, in milliseconds, of a round at a fixed rate. */
  readonly latencies?: readonly number[]
  /** `Flow.state()` of each connection. */
  readonly states: readonly unknown[]
}
