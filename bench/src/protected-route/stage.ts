import { fileURLToPath } from 'node:url'
import { createTestIssuer, serveKeySet, type TestIssuer } from '@countersign/testing'
import { type Denylist, publishDenylist } from '../denylist.ts'
import { type LoadGenerator, startLoadGenerator } from '../load/load-generator.ts'
import { type ServerProcess, startServer } from '../servers/server-process.ts'
import type { SuiteContext } from '../suite.ts'
import type { Contestant } from './contestants.ts'
import { proveChecks } from './prove-checks.ts'
import type { Trust } from './servers/trust.ts'

/** The root of the project, as in the paths of a profile. */
export const root = fileURLToPath(new URL('../../../', import.meta.url))

/** An issuer, a denylist and a load generator, for servers that trust that issuer. */
export interface Stage {
  readonly issuer: TestIssuer
  readonly load: LoadGenerator
  /** Starts a contestant, after checking that it rejects what it claims to reject. */
  start(contestant: Contestant, processes?: number): Promise<ServerProcess>
  close(): Promise<void>
}

/** Prepares the issuer, the load generator and this many revoked tokens. */
export async function setStage({ redisUrl }: Pick<SuiteContext, 'redisUrl'>, revocations: number): Promise<Stage> {
  const issuer = await createTestIssuer()
  const denylist: Denylist = await publishDenylist(redisUrl, revocations)
  const keyServer = await serveKeySet(issuer)
  const load = startLoadGenerator()
  const started: ServerProcess[] = []
  const trust: Trust = { issuer: issuer.issuer, audience: issuer.audience, jwksUri: keyServer.jwksUri, redisUrl }
  return {
    issuer,
    load,
    async start(contestant, processes = 1) {
      const script = new URL(`./servers/${contestant.script}`, import.meta.url)
      const server = await startServer({ script, options: trust, processes })
      started.push(server)
      await proveChecks(contestant, server.url, issuer, denylist.revokedJti)
      return server
    },
    async close() {
      await Promise.all([load.stop(), ...started.map((server) => server.stop())])
      await Promise.all([keyServer.close(), denylist.close()])
    }
  }
}
