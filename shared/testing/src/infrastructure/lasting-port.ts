import { randomInt } from 'node:crypto'
import { isPortFree } from '@countersign/dev/ports'

const given = new Set<number>()
/** Vitest gives two workers that run at once the same number, so the process tells whose ports these are. */
const portsOfProcess = 1_250
const first = 20_000 + portsOfProcess * (process.pid % 8)

/**
 * A free port for a service that starts later, or starts again. It is below the ports of outgoing connections and of services that
 * take any port, so none of these gets it meanwhile. Nor does another test: each process has ports of its own (nearly always: there are
 * eight parts), and gives none of them twice.
 */
export async function findLastingPort(): Promise<number> {
  for (;;) {
    const port = randomInt(first, first + portsOfProcess)
    if (given.has(port)) continue
    given.add(port)
    if (await isPortFree(port)) return port
  }
}
