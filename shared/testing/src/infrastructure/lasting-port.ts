import { randomInt } from 'node:crypto'
import { isPortFree } from '@countersign/dev/ports'
import { readTestEnvironment } from './test-environment.ts'

const given = new Set<number>()

/**
 * A free port for a service that starts later, or starts again. It is below the ports of outgoing connections and of services that
 * take any port, so none of these gets it meanwhile. Nor does another test: each worker has ports of its own, and gives none
 * of them twice.
 */
export async function findLastingPort(): Promise<number> {
  const first = 20_000 + 2_500 * (readTestEnvironment().worker % 4)
  for (;;) {
    const port = randomInt(first, first + 2_500)
    if (given.has(port)) continue
    given.add(port)
    if (await isPortFree(port)) return port
  }
}
