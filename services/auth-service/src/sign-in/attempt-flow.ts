import type { FlowPair } from '../passwords/flows.ts'
import { siteOf } from './networks.ts'

/** The network of an attempt, for its share of the gate: an IPv6 /48 is one network, however many addresses it has. */
export function flowOfAttempt(usernameKey: string, address: string): FlowPair {
  return { network: siteOf(address), account: usernameKey }
}
