import { randomInt } from 'node:crypto'
import { isPortFree } from '@countersign/dev/ports'

/**
 * A free port for a service that starts later, or starts again. It is below the ports of outgoing connections and of services that
 * take any port, so none of these gets it meanwhile.
 */
export async function findLastingPort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000)
    if (await isPortFree(port)) return port
  }
}
