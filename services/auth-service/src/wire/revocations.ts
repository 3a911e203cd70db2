import { maxIdentifierLength } from '@countersign/verifier'
import { z } from 'zod'

const identifier = z
  .string()
  .regex(
    new RegExp(`^[\\x20-\\x7e]{1,${maxIdentifierLength}}$`),
    `must have 1 to ${maxIdentifierLength} printable characters`
  )

/** What a token can be revoked by. */
export const revocableIdentifiers = z
  .object({
    jti: identifier,
    kid: identifier,
    sid: identifier.optional(),
    actors: z.array(identifier).max(4).optional().describe("the `sid` of each who acts for the token's subject")
  })
  .meta({ id: 'RevocableIdentifiers' })

export const revocationResponse = z.object({ revoked: z.boolean() }).meta({ id: 'RevocationResponse' })

export const feedQuery = z.object({
  nonce: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must have 1 to 64 letters, digits, - or _')
    .describe('returned in the first event, which shows that it is for this request')
})

/** The events are in docs/revocation-feed-http.md. */
export const feedEvents = z.string().meta({ id: 'RevocationEvents' })
