import { z } from 'zod'

/** The documents that clients and verifiers read. */

export const jwksDocument = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('RSA'),
        use: z.literal('sig'),
        alg: z.literal('RS256'),
        kid: z.string(),
        n: z.string(),
        e: z.string()
      })
    )
  })
  .meta({ id: 'KeySet' })

const texts = z.array(z.string())

export const issuerMetadata = z
  .object({
    issuer: z.url(),
    token_endpoint: z.url(),
    revocation_endpoint: z.url(),
    introspection_endpoint: z.url(),
    revocation_feed_endpoint: z.url(),
    revocation_check_endpoint: z.url(),
    jwks_uri: z.url(),
    grant_types_supported: texts,
    authorization_endpoint: z.url().optional(),
    pushed_authorization_request_endpoint: z.url().optional(),
    userinfo_endpoint: z.url().optional(),
    end_session_endpoint: z.url().optional(),
    backchannel_logout_supported: z.boolean().optional(),
    backchannel_logout_session_supported: z.boolean().optional(),
    response_types_supported: texts,
    response_modes_supported: texts.optional(),
    scopes_supported: texts.optional(),
    code_challenge_methods_supported: texts.optional(),
    prompt_values_supported: texts.optional(),
    acr_values_supported: texts.optional(),
    claims_supported: texts.optional(),
    authorization_response_iss_parameter_supported: z.boolean().optional(),
    claims_parameter_supported: z.boolean().optional(),
    request_parameter_supported: z.boolean().optional(),
    request_uri_parameter_supported: z.boolean().optional(),
    token_endpoint_auth_methods_supported: texts,
    token_endpoint_auth_signing_alg_values_supported: texts,
    revocation_endpoint_auth_methods_supported: texts,
    revocation_endpoint_auth_signing_alg_values_supported: texts,
    introspection_endpoint_auth_methods_supported: texts,
    introspection_endpoint_auth_signing_alg_values_supported: texts,
    dpop_signing_alg_values_supported: texts,
    subject_types_supported: texts,
    id_token_signing_alg_values_supported: texts
  })
  .meta({ id: 'IssuerMetadata' })
