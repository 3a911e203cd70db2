import { UnsupportedGrantTypeError } from '@countersign/oauth'
import { maxTokenLength } from '@countersign/verifier'
import { z } from 'zod'
import { type ClientGrantType, clientGrantTypes } from '../clients/client.ts'

/** Parameters of the OAuth endpoints; unknown ones are ignored (RFC 6749 §3.2). */

const text = (maxLength: number) => z.string().max(maxLength).optional()
const token = z.string().min(1).max(maxTokenLength)

/** The API that a user's token is to be for. */
export const requestedResource = text(512).meta({
  description: 'the identifier of the API that the token is for; without it the first API and this issuer'
})
export const requestedScope = text(2048).meta({
  description: 'space-separated scopes of that API; those that no role of the user holds drop out'
})

const clientParameters = {
  client_id: text(256),
  client_secret: text(1024),
  client_assertion: text(8192),
  client_assertion_type: text(256)
}

/** `POST /oauth/token` */
export const tokenForm = z.object({
  grant_type: z
    .string()
    .max(256)
    .transform(knownGrantType)
    .meta({ enum: [...clientGrantTypes] }),
  ...clientParameters,
  scope: text(2048),
  resource: z.array(z.string().max(512)).max(10).optional(),
  code: text(1024),
  redirect_uri: text(1024),
  code_verifier: text(1024),
  // Longer than any token of this issuer: a foreign token is invalid_grant, not a malformed request (RFC 6749 §5.2).
  refresh_token: text(8192),
  audience: z.array(z.string().max(512)).max(10).optional(),
  subject_token: token.optional(),
  subject_token_type: text(256),
  requested_token_type: text(256),
  actor_token: token.optional()
})
export type TokenForm = z.infer<typeof tokenForm>

/** Checked where its errors can go to the client. */
const authorizationParameter = z.string().optional()
const authorizationParameters = {
  response_type: authorizationParameter,
  client_id: authorizationParameter,
  redirect_uri: authorizationParameter,
  response_mode: authorizationParameter,
  scope: authorizationParameter,
  state: authorizationParameter,
  nonce: authorizationParameter,
  code_challenge: authorizationParameter,
  code_challenge_method: authorizationParameter,
  resource: z.array(z.string()).optional(),
  prompt: authorizationParameter,
  max_age: authorizationParameter,
  login_hint: authorizationParameter,
  id_token_hint: authorizationParameter,
  acr_values: authorizationParameter,
  ui_locales: authorizationParameter,
  dpop_jkt: authorizationParameter,
  request: authorizationParameter,
  request_uri: authorizationParameter,
  registration: authorizationParameter
}

/** One that appears twice, known or not, is an error for the page or the client, too. */
const repeatable = (names: readonly string[]) =>
  z
    .object(Object.fromEntries(names.map((name) => [name, z.array(z.string()).optional()])))
    .catchall(z.array(z.string()))

/** `POST /oauth/authorize` */
export const authorizationForm = repeatable(Object.keys(authorizationParameters))

/** `POST /oauth/logout` */
export const logoutForm = repeatable([
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'logout_hint',
  'ui_locales'
])

/** `POST /oauth/par` */
export const pushedForm = z.object({ ...authorizationParameters, ...clientParameters })

/** `POST /oauth/revoke` and `/oauth/introspect`. The hint is not needed: a token shows its kind. */
export const tokenActionForm = z.object({ token, token_type_hint: text(256), ...clientParameters })
export type TokenActionForm = z.infer<typeof tokenActionForm>

/** An access token (RFC 6749 §5.1), with the additions of each grant. */
export const accessTokenResponse = z
  .object({
    access_token: z.string(),
    token_type: z.enum(['Bearer', 'DPoP']),
    expires_in: z.int().meta({ description: 'lifetime of the access token in seconds' }),
    scope: z.string().optional(),
    refresh_token: z.string().optional(),
    id_token: z.string().optional(),
    issued_token_type: z.string().optional()
  })
  .meta({ id: 'AccessTokenResponse' })

/** RFC 7662 §2.2. */
export const introspection = z.looseObject({ active: z.boolean() }).meta({ id: 'Introspection' })

/** @throws {UnsupportedGrantTypeError} for another one, since that has its own code (RFC 6749 §5.2) */
function knownGrantType(text: string): ClientGrantType {
  const known = clientGrantTypes.find((one) => one === text)
  if (known === undefined) throw new UnsupportedGrantTypeError()
  return known
}
