import type { OutboundFetch } from '../outbound/outbound-fetch.ts'
import type { ProviderClient } from './provider-client.ts'

/** A provider client that is loaded, with its library, at the first use: many installations have no provider. */
export function createLazyProviderClient(outboundFetch: OutboundFetch): ProviderClient {
  let client: Promise<ProviderClient> | undefined
  const loaded = () => {
    client ??= import('./provider-client.ts').then(({ createProviderClient }) => createProviderClient(outboundFetch))
    return client
  }
  return {
    authorizationUrl: async (...call) => (await loaded()).authorizationUrl(...call),
    identify: async (...call) => (await loaded()).identify(...call)
  }
}
