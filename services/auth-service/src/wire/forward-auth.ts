import { audiencePattern, audienceRule } from '@countersign/oauth'
import { z } from 'zod'
import { roleName } from './roles.ts'

/** `GET /forward-auth` */
export const forwardAuthQuery = z.strictObject({
  audience: z
    .string()
    .regex(audiencePattern, { error: `must be ${audienceRule}` })
    .meta({ description: 'the API that the token has to be for' }),
  scope: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/, {
      error: 'must be scopes, separated by a space'
    })
    .max(2048)
    .optional()
    .meta({ description: 'space-separated scopes, all of which the token has to have' }),
  role: roleName.optional().meta({ description: 'a role that the token has to have' })
})

export type ForwardAuthQuery = z.infer<typeof forwardAuthQuery>

/** Whose token it is; the headers say the same. */
export const identity = z
  .object({
    sub: z.string(),
    client_id: z.string(),
    username: z.string().optional(),
    scope: z.string().optional(),
    roles: z.array(z.string()).optional()
  })
  .meta({ id: 'Identity' })
