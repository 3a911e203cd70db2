import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '@countersign/dev/ports'
import { startLoadGenerator } from '../load/load-generator.ts'
import { residentMib } from './resident-memory.ts'
import { connections, type Starter } from './starters.ts'

export interface StartFigures {
  readonly readyMs: number
  /** Absent where the system does not tell. */
  readonly readyMib?: number | undefined
  /** After its requests, in the round that has some. */
  readonly usedMib?: number | undefined
}

const readyWithinMs = 60_000

/** Starts one process, waits until it is ready, sends so many requests, and ends it. */
export async function startAndMeasure(starter: Starter, requests: number): Promise<StartFigures> {
  const ports = { service: await findFreePort(), management: await findFreePort() }
  const originAt = (port: number) => `http://127.0.0.1:${port}`
  const origin = originAt(ports.service)
  const begin = performance.now()
  const starting = starter.start(ports)
  const readyMs = (await untilReady(`${originAt(ports[starter.ready.port])}${starter.ready.path}`, starting)) - begin
  const { pid, stop } = await starting
  try {
    const readyMib = residentMib(pid)
    if (requests === 0) return { readyMs, readyMib }
    await use(origin, starter, requests)
    return { readyMs, readyMib, usedMib: residentMib(pid) }
  } finally {
    await stop()
  }
}

/** Resolves to the time when it was ready. */
async function untilReady(url: string, starting: Promise<unknown>): Promise<number> {
  let failure: unknown
  starting.catch((error: unknown) => {
    failure = error
  })
  const deadline = performance.now() + readyWithinMs
  while (failure === undefined) {
    const response = await fetch(url).catch(() => undefined)
    const text = await response?.text().catch(() => undefined)
    // A service that can do its work but misses something says 200 and "degraded".
    if (response?.ok && text !== undefined && (JSON.parse(text) as { status: string }).status === 'ok') {
      return performance.now()
    }
    if (performance.now() > deadline) throw new Error(`${url} is not ready after ${readyWithinMs} ms`)
    await delay(5)
  }
  throw failure
}

async function use(origin: string, starter: Starter, requests: number): Promise<void> {
  const load = startLoadGenerator()
  try {
    await load.run({ origin, connections, limit: { requests }, ...(await starter.work(origin)) })
  } finally {
    await load.stop()
  }
}
