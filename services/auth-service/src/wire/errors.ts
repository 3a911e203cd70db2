import { z } from 'zod'

/** Every error (RFC 6749 §5.2), with the issues of an invalid body or query. */
export const errorResponse = z
  .object({
    error: z.string(),
    error_description: z.string(),
    issues: z.array(z.object({ path: z.string(), message: z.string() })).optional()
  })
  .meta({ id: 'Error' })
