import type { FlowPair } from '../passwords/flows.ts'
import { siteOf } from './networks.ts'

/** What an attempt shares the gate as: an IPv6 /48 is one network, however many addresses it has. */
export function flowOfAttempt(usernameKey: string, address: string): FlowPair {
  return { network: siteOf(address), account: usernameKey }
}
