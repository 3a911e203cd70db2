import { z } from 'zod'

/** `GET /admin/installation` */
export const installation = z
  .object({
    issuer: z.string().meta({ description: "this issuer's identifier, as tokens name it" }),
    first_api: z.string().meta({ description: 'the API of sign-ins that name none' })
  })
  .meta({ id: 'Installation' })
