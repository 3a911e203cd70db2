import { maxTokenLength } from '@countersign/verifier'
import { z } from 'zod'

/** What the OAuth endpoints take; parameters that they do not know are ignored (RFC 6749 §3.2). */

const text = (maxLength: number) => z.string().max(maxLength).optional()
const token = z.string().min(1).max(maxTokenLength)

const clientParameters = {
  client_id: text(256),
  client_secret: text(1024),
  client_assertion: text(8192),
  client_assertion_type: text(256)
}

/** Parameters that may be there several times (RFC 8693 §2.1, RFC 8707 §2). */
export const repeatableParameters = ['resource', 'audience']

/** `POST /oauth/token` */
export const tokenForm = z.object({
  grant_type: z.string().max(256),
  ...clientParameters,
  scope: text(2048),
  resource: z.array(z.string().max(512)).max(10).optional(),
  // Longer than any of this issuer: one of another is invalid_grant, and no malformed request (RFC 6749 §5.2).
  refresh_token: text(8192),
  audience: z.array(z.string().max(512)).max(10).optional(),
  subject_token: token.optional(),
  subject_token_type: text(256),
  requested_token_type: text(256),
  actor_token: token.optional()
})
export type TokenForm = z.infer<typeof tokenForm>

/** `POST /oauth/revoke` and `/oauth/introspect`. The hint saves nothing here: a token tells its kind by itself. */
export const tokenActionForm = z.object({ token, token_type_hint: text(256), ...clientParameters })
export type TokenActionForm = z.infer<typeof tokenActionForm>
