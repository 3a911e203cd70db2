/** The common part of every measured server: it reports where it listens, and its own usage on request. */
import type { Server } from 'node:http'
import { Session } from 'node:inspector/promises'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { CpuProfile } from '../cpu-profile.ts'

/** A request to a server's process. */
export type Question = 'begin' | 'begin-profile' | 'end' | 'end-profile' | 'memory'

/** The usage of one server process between `begin` and `end`. */
export interface Usage {
  readonly cpuMicros: number
  /** How much of the time the event loop was busy, 0 to 1. */
  readonly utilisation: number
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
}

export type ServerMessage =
  | { readonly listening: string }
  | { readonly response: { usage?: Usage; profile?: CpuProfile; residentBytes?: number } }

/** Announces a server that listens, or will, and answers questions about its process. */
export function announce(server: Server): void {
  const tell = () => {
    const { port } = server.address() as AddressInfo
    process.send?.({ listening: `http://127.0.0.1:${port}` } satisfies ServerMessage)
  }
  if (server.listening) tell()
  else server.once('listening', tell)
  respondToQuestions()
}

/** The options that the parent gave as JSON. */
export function readOptions<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T
}

function respondToQuestions(): void {
  let end: () => Usage = () => {
    throw new Error('"end" came before "begin"')
  }
  let session: Session | undefined
  const response = async (question: Question): Promise<object> => {
    if (question === 'begin') {
      end = beginUsage()
      return {}
    }
    if (question === 'end') return { usage: end() }
    if (question === 'memory') return { residentBytes: process.memoryUsage.rss() }
    if (question === 'begin-profile') {
      session = new Session()
      session.connect()
      await session.post('Profiler.enable')
      await session.post('Profiler.start')
      return {}
    }
    if (!session) throw new Error('"end-profile" came before "begin-profile"')
    const { profile } = (await session.post('Profiler.stop')) as { profile: CpuProfile }
    session.disconnect()
    return { profile }
  }
  process.on('message', (question: Question) => {
    response(question).then(
      (found) => process.send?.({ response: found }),
      (error: unknown) => {
        throw error
      }
    )
  })
  process.on('disconnect', () => process.exit(0))
}

function beginUsage(): () => Usage {
  const cpu = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  return () => {
    delay.disable()
    const { user, system } = process.cpuUsage(cpu)
    return {
      cpuMicros: user + system,
      utilisation: performance.eventLoopUtilization(loop).utilization,
      loopDelayP99Ms: delay.percentile(99) / 1e6,
      loopDelayMaxMs: delay.max / 1e6
    }
  }
}
