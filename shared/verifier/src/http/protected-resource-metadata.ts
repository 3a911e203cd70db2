import { dpopAlgorithms } from '../dpop/key.ts'
import { checkHttpUrl, checkText } from '../option-checks.ts'
import { jsonMediaType } from './responses.ts'

/** What a protected resource tells about itself. */
export interface ProtectedResourceOptions {
  /** The API's identifier: what tokens have in `aud`. */
  readonly resource: string
  /** Issuer identifiers of the authorization servers whose tokens it accepts. */
  readonly authorizationServers: readonly string[]
  /** The scopes that it has a use for. */
  readonly scopesSupported?: readonly string[] | undefined
  /** For people. */
  readonly resourceName?: string | undefined
  /** URL of a page for developers. */
  readonly resourceDocumentation?: string | undefined
}

/** The metadata document of a protected resource (RFC 9728 §2). A mistake in the options is a `TypeError`. */
export function protectedResourceDocument(options: ProtectedResourceOptions): Readonly<Record<string, unknown>> {
  checkHttpUrl('resource', options.resource)
  if (options.authorizationServers.length === 0) throw new TypeError('authorizationServers must not be empty')
  for (const server of options.authorizationServers) checkHttpUrl('authorizationServers', server)
  return Object.freeze({
    resource: options.resource,
    authorization_servers: options.authorizationServers,
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: dpopAlgorithms,
    ...(options.scopesSupported && { scopes_supported: options.scopesSupported }),
    ...(options.resourceName && { resource_name: checkText('resourceName', options.resourceName) }),
    ...(options.resourceDocumentation && {
      resource_documentation: checkHttpUrl('resourceDocumentation', options.resourceDocumentation).href
    })
  })
}

/** The response with the document, the same each time. A mistake in the options is a `TypeError`. */
export function protectedResourceResponse(options: ProtectedResourceOptions) {
  return Object.freeze({
    headers: Object.freeze({ 'Cache-Control': 'public, max-age=3600', 'Content-Type': jsonMediaType }),
    body: JSON.stringify(protectedResourceDocument(options))
  })
}

/** Where the metadata of a resource lives: the well-known part comes between host and path (RFC 9728 §3.1). */
export function protectedResourceMetadataUrl(resource: string): string {
  const url = checkHttpUrl('resource', resource)
  const path = url.pathname === '/' ? '' : url.pathname
  return `${url.origin}/.well-known/oauth-protected-resource${path}${url.search}`
}
