import { loadOnce } from '@countersign/service-kit'
import type { OutboundFetch } from '../outbound/outbound-fetch.ts'
import type { ProviderClient } from './provider-client.ts'

/** A provider client that is loaded, with its library, at the first use: many installations have no provider. */
export function createLazyProviderClient(outboundFetch: OutboundFetch): ProviderClient {
  const loaded = loadOnce(async () => (await import('./provider-client.ts')).createProviderClient(outboundFetch))
  return {
    authorizationUrl: async (...call) => (await loaded()).authorizationUrl(...call),
    identify: async (...call) => (await loaded()).identify(...call)
  }
}
