/** Floods with sign-ins until it is stopped. */
import { setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { type Connection, openConnection } from '../load/connection.ts'
import type { ParsedResponse } from '../load/response-reader.ts'
import { writeRequest } from '../load/run-load.ts'
import type { FloodOrder, FloodResult } from './flood-plan.ts'

// A real attacker has other machines; here the flood must not take time from the measured requests.
setPriority(10)

let end: () => Promise<FloodResult>

process.on('message', (order: FloodOrder) => {
  if (order === 'end') {
    end().then(
      (result) => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: String(error) })
    )
    return
  }
  begin(order).then(
    (ending) => {
      end = ending
      process.send?.({ result: {} })
    },
    (error: unknown) => process.send?.({ error: String(error) })
  )
})
process.on('disconnect', () => process.exit(0))

async function begin(order: Exclude<FloodOrder, 'end'>): Promise<() => Promise<FloodResult>> {
  const origin = new URL(order.origin)
  const { least, most } = order.pauseMs
  const written = order.requests.map((request) => writeRequest(request, origin.host))
  const start = performance.now()
  let [isOver, accepted, rejected, at] = [false, 0, 0, 0]
  let failure: Error | undefined
  const opened = Array.from({ length: order.connections }, () =>
    openConnection(origin, (error) => {
      failure ??= error
    })
  )
  const connections = await Promise.all(opened)
  const drives = connections.map(async (connection) => {
    while (!isOver && !failure) {
      const { status, body } = await send(connection, written[at++ % written.length] as Buffer)
      if (status === order.status) accepted++
      else if (status !== 503) failure ??= new Error(`a sign-in got ${status}: ${body.slice(0, 300)}`)
      else {
        rejected++
        await delay(least + Math.random() * (most - least))
      }
    }
  })
  return async () => {
    isOver = true
    const seconds = (performance.now() - start) / 1000
    // A failed request has no response to wait for.
    if (!failure) await Promise.all(drives)
    for (const connection of connections) connection.close()
    if (failure) throw failure
    return { seconds, accepted, rejected }
  }
}

function send(connection: Connection, request: Buffer): Promise<ParsedResponse> {
  return new Promise((resolve) => connection.send(request, resolve))
}
