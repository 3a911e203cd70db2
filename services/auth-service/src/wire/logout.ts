import { z } from 'zod'
import { isOpaqueId } from '../authorization/opaque-ids.ts'
import { requestingClient } from './authorization.ts'

/** Sign-outs that apps ask for, on the wire. */

/** Of `/auth/logout-requests/:id` */
export const logoutRequestParams = z.object({
  id: z.string().refine(isOpaqueId, { error: 'This request is not known, or was used, or has expired.' })
})

export const logoutRequest = z
  .object({
    client: requestingClient.nullable(),
    session_id: z.string().nullable().meta({
      description: 'the session of the browser in which the app got the ID token that it sent; in it nobody is asked'
    }),
    user_id: z.string().nullable().meta({
      description: 'the user of that ID token, who need not be asked where the session is not known any more'
    }),
    return_host: z.string().nullable().meta({ description: 'the host that the user is sent to afterwards' }),
    is_return_refused: z
      .boolean()
      .meta({ description: 'whether the app has named an address that it has not registered' }),
    ui_locales: z.array(z.string()),
    complete_url: z.url().meta({ description: 'where the browser goes next, as it is' })
  })
  .meta({ id: 'LogoutRequest' })
