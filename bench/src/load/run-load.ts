import { performance } from 'node:perf_hooks'
import { percentiles } from '../statistics.ts'
import { type Connection, openConnection } from './connection.ts'
import type { Flow, FlowFactory, LoadPlan, LoadResult, RequestSpec } from './load-plan.ts'
import { type Lane, pace } from './pace.ts'
import type { ParsedResponse } from './response-reader.ts'

/** The requests of one connection, already serialized. */
interface Source {
  next(): Buffer | undefined
  onResponse?(response: ParsedResponse): void
  state?(): unknown
}

/** Runs one round in this process. Rejects at the first unexpected status, or missing response. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const origins = [plan.origin].flat().map((origin) => new URL(origin))
  const sources = await createSources(plan, origins)
  let fail: (error: Error) => void = () => {}
  const failed = new Promise<never>((_, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  const connections = await openAll(plan.connections, origins, (error) => fail(error))
  try {
    const loop = performance.eventLoopUtilization()
    const cpu = process.cpuUsage()
    const begin = performance.now()
    const round = plan.perSecond === undefined ? createRound(plan, begin) : createPacedRound(plan, plan.perSecond)
    await Promise.race([failed, round.run(connections, sources, (error) => fail(error))])
    const seconds = (performance.now() - begin) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const [p50Ms, p99Ms, maxMs] = percentiles(round.latencies, [50, 99, 100]) as [number, number, number]
    const requests = round.latencies.length
    return {
      requests,
      seconds,
      requestsPerSecond: requests / seconds,
      statuses: round.statuses,
      latency: { p50Ms, p99Ms, maxMs },
      clientUtilisation: performance.eventLoopUtilization(loop).utilization,
      clientCpuMicrosPerRequest: (user + system) / requests,
      states: sources.map((source) => source.state?.()),
      ...(plan.perSecond === undefined ? {} : { latencies: round.latencies })
    }
  } finally {
    for (const connection of connections) connection.close()
  }
}

interface Round {
  readonly latencies: number[]
  readonly statuses: Record<string, number>
  run(connections: readonly Connection[], sources: readonly Source[], fail: (error: Error) => void): Promise<unknown>
}

function createRound({ limit, expectedStatuses }: LoadPlan, begin: number): Round {
  const { requests = Number.POSITIVE_INFINITY, milliseconds = Number.POSITIVE_INFINITY } = limit
  if (requests === Number.POSITIVE_INFINITY && milliseconds === Number.POSITIVE_INFINITY) {
    throw new TypeError('limit must name requests or milliseconds')
  }
  const end = begin + milliseconds
  const latencies: number[] = []
  const { statuses, count } = createStatusCounter(expectedStatuses)
  let sent = 0

  const drive = (connection: Connection, source: Source, fail: (error: Error) => void): Promise<void> =>
    new Promise((resolve) => {
      const sendNext = (now: number) => {
        const request = sent >= requests || now >= end ? undefined : source.next()
        if (request === undefined) {
          // While it waited for slow responses of the others, the server might end it for being idle.
          connection.close()
          return resolve()
        }
        sent++
        connection.send(request, (response) => {
          const then = performance.now()
          latencies.push(then - now)
          const unexpected = count(response)
          if (unexpected) return fail(unexpected)
          source.onResponse?.(response)
          sendNext(then)
        })
      }
      sendNext(performance.now())
    })
  return {
    latencies,
    statuses,
    run: (connections, sources, fail) =>
      Promise.all(connections.map((connection, i) => drive(connection, sources[i] as Source, fail)))
  }
}

/** A connection without a next request would leave those that are due to the others, so that each must always have one. */
function createPacedRound({ limit: { milliseconds }, expectedStatuses }: LoadPlan, perSecond: number): Round {
  if (milliseconds === undefined) throw new TypeError('limit must name milliseconds at a fixed rate')
  const latencies: number[] = []
  const { statuses, count } = createStatusCounter(expectedStatuses)
  const laneOf = (connection: Connection, source: Source, fail: (error: Error) => void): Lane => ({
    send(onResponse) {
      const request = source.next()
      if (request === undefined) return fail(new Error('a connection has no request for a fixed rate'))
      connection.send(request, (response) => {
        const unexpected = count(response)
        if (unexpected) return fail(unexpected)
        source.onResponse?.(response)
        onResponse()
      })
    }
  })
  return {
    latencies,
    statuses,
    async run(connections, sources, fail) {
      const lanes = connections.map((connection, i) => laneOf(connection, sources[i] as Source, fail))
      latencies.push(...(await pace(lanes, perSecond, milliseconds)))
    }
  }
}

function createStatusCounter(expected: readonly number[] = [200]) {
  const statuses: Record<string, number> = {}
  return {
    statuses,
    /** Returns the error if the status was not expected. */
    count({ status, body }: ParsedResponse): Error | undefined {
      statuses[status] = (statuses[status] ?? 0) + 1
      return expected.includes(status) ? undefined : new Error(`a request got ${status}: ${body.slice(0, 300)}`)
    }
  }
}

async function createSources({ requests, repeat, flow, connections }: LoadPlan, origins: URL[]): Promise<Source[]> {
  const hostOf = (i: number) => (origins[i % origins.length] as URL).host
  const each = Array.from({ length: connections }, (_, i) => i)
  if (flow) {
    const { default: create } = (await import(flow.module)) as { default: FlowFactory }
    return each.map((i) => writeOut(create(flow.data[i]), hostOf(i)))
  }
  if (!requests?.length) throw new TypeError('requests or flow must be given')
  // Every server sees the same Host, so that the bytes are made once, before the clock starts.
  const written = requests.map((request) => writeRequest(request, hostOf(0)))
  let at = 0
  const next = () => {
    if (at === written.length && repeat) at = 0
    return written[at++]
  }
  return each.map(() => ({ next }))
}

function writeOut(flow: Flow, host: string): Source {
  return {
    next() {
      const request = flow.next()
      return request && writeRequest(request, host)
    },
    onResponse: (response) => flow.onResponse?.(response),
    state: () => flow.state?.()
  }
}

/** A request in the bytes of HTTP. */
export function writeRequest({ method = 'GET', path, headers = {}, body }: RequestSpec, host: string): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`]
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
}

/** A hundred at a time: more would overflow a server's queue of connections that it has not accepted yet. */
async function openAll(count: number, origins: URL[], onError: (error: Error) => void): Promise<Connection[]> {
  const connections: Connection[] = []
  while (connections.length < count) {
    const batch = Array.from({ length: Math.min(100, count - connections.length) }, (_, i) =>
      openConnection(origins[(connections.length + i) % origins.length] as URL, onError)
    )
    connections.push(...(await Promise.all(batch)))
  }
  return connections
}
