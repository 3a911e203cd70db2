import type { Client, Installation } from '../../api/types.ts'
import { type ClientFormValues, emptyClient, exchanges } from './client-form.ts'
import { firstPartyClientId } from './client-terms.ts'

/** What clients are registered for, and a web app, which needs none. */
export type ClientKind = 'service' | 'acting' | 'api' | 'web'

/** A verifier with this scope follows the issuer's list of revoked tokens. */
const feedScope = 'revocations:read'

export const kindLabels: Record<ClientKind, string> = {
  service: 'A service that speaks for itself',
  acting: 'A service that acts for users (token exchange)',
  api: 'An API that verifies tokens',
  web: 'A web app behind the bff-service'
}

export const kindSentences: Record<ClientKind, string> = {
  service: 'It gets tokens of its own for the APIs that it calls: name them as audiences.',
  acting:
    'It exchanges the tokens that users send it. Name what it is itself as a resource, and the APIs that it calls as audiences or in exchange rules.',
  api: 'With a token of its own it hears at once which tokens were revoked. Name what it is itself as a resource.',
  web: 'Users sign in to it by the bff-service, which keeps their tokens. It needs no client of its own.'
}

type Preset = Pick<ClientFormValues, 'grant_types' | 'scopes' | 'audiences' | 'may_act_for'>

/** What the form begins with. */
export function presetOf(kind: ClientKind, installation: Installation | undefined): Preset {
  const { grant_types, scopes, audiences, may_act_for } = emptyClient
  const empty = { grant_types, scopes, audiences, may_act_for }
  if (kind === 'acting') {
    return {
      ...empty,
      grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'],
      may_act_for: [firstPartyClientId]
    }
  }
  return kind === 'api'
    ? { ...empty, scopes: [feedScope], audiences: installation ? [installation.issuer] : [] }
    : empty
}

/** What a registered client is; `undefined` when it gets no token. */
export function kindOf({ grant_types, scopes }: Client): Exclude<ClientKind, 'web'> | undefined {
  if (exchanges(grant_types)) return 'acting'
  if (!grant_types.includes('client_credentials')) return undefined
  return scopes.includes(feedScope) ? 'api' : 'service'
}
