import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { isPortFree } from '@countersign/dev/ports'

const blockSize = 1_200
/** Each up to the next one, the last below 32,000. */
const blocks = Array.from({ length: 10 }, (_, i) => 20_000 + blockSize * i)

const given = new Set<number>()
let block: Promise<number> | undefined

/**
 * A free port for a service that starts later, or starts again. It is below the ports of outgoing connections and of services that
 * take any port, so none of these gets it meanwhile. Nor does another test: each process has ports of its own, and gives none of
 * them twice.
 */
export async function findLastingPort(): Promise<number> {
  block ??= claimBlock()
  const first = await block
  while (given.size < blockSize - 1) {
    const port = randomInt(first + 1, first + blockSize)
    if (given.has(port)) continue
    given.add(port)
    if (await isPortFree(port)) return port
  }
  throw new Error(`all ports from ${first} to ${first + blockSize - 1} were given`)
}

/** A process has the block at whose first port it listens, until it ends. */
async function claimBlock(): Promise<number> {
  for (const first of blocks) {
    const guard = createServer().listen(first, '127.0.0.1')
    try {
      await once(guard, 'listening')
    } catch {
      continue
    }
    guard.unref()
    return first
  }
  throw new Error(`no ports are left: something listens at each of ${blocks.join(', ')}`)
}
