/** Libraries from npm that check our access tokens, each configured as its own documentation says. */
import { functionClients } from './function-clients.ts'
import { middlewareClients } from './middleware-clients.ts'

/** What a user of such a library tells it about us. */
export interface Trust {
  readonly issuer: string
  readonly jwksUri: string
  readonly audience: string
}

export interface Verifier {
  /**
   * The claims as the library hands them over; `undefined` when it refuses the token. An outage is thrown, by those that
   * can tell.
   */
  verify(token: string): Promise<Record<string, unknown> | undefined>
  close(): Promise<void>
}

export interface Client {
  readonly name: string
  start(trust: Trust): Promise<Verifier>
}

export const clients: readonly Client[] = [...middlewareClients, ...functionClients]
