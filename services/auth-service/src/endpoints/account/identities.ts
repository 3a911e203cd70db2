/** The identities at other services by which a user signs in. */
import { ConflictError, NotFoundError } from '@countersign/oauth'
import { wantedLanguage } from '../../mail/mail.ts'
import type { Identities } from '../../providers/identities.ts'
import { linkByProvider, type ProviderDeps } from '../../providers/provider-sign-in.ts'
import { defineRoute } from '../../routing/route.ts'
import { sessionEnded } from '../../sessions/session-ended.ts'
import {
  identity,
  identityLinkBody,
  identityList,
  identityOnWire,
  identityParams,
  providerParams,
  providerStart
} from '../../wire/providers.ts'
import { startWithinSession } from './started-at-provider.ts'

/** `GET /auth/me/identities` */
export const listIdentities = defineRoute(
  {
    method: 'get',
    path: '/auth/me/identities',
    summary: 'The identities at other services that the user signs in with',
    access: 'user-in-person',
    response: { status: 200, schema: identityList }
  },
  ({ identities }: { identities: Identities }) =>
    async ({ accessToken }) => ({ identities: (await identities.listOf(accessToken.sub)).map(identityOnWire) })
)

/** `POST /auth/me/providers/:id/start`: where the browser goes, to link an identity to the user of this session. */
export const startIdentityLink = defineRoute(
  {
    method: 'post',
    path: '/auth/me/providers/:id/start',
    summary: 'Begin to link an identity at another service to the user',
    access: 'user-in-person',
    needsRecentSignIn: true,
    params: providerParams,
    response: { status: 200, schema: providerStart },
    errors: [429]
  },
  startWithinSession('link')
)

/** `POST /auth/me/providers/:id/finish`: the browser is back, in the session that began it. */
export const finishIdentityLink = defineRoute(
  {
    method: 'post',
    path: '/auth/me/providers/:id/finish',
    summary: 'Link an identity, with the parameters that the other service gave the browser; the user gets a mail',
    access: 'user-in-person',
    params: providerParams,
    body: identityLinkBody,
    response: { status: 200, schema: identity },
    errors: [403, 409]
  },
  (deps: ProviderDeps & { wakeMail: () => void }) =>
    async ({ params, body, accessToken, origin, ctx }) => {
      const linked = await linkByProvider(deps, {
        returned: { providerId: params.id, transaction: body.transaction, parameters: body.parameters },
        userId: accessToken.sub,
        sessionId: accessToken.sid,
        language: wantedLanguage(ctx.get('Accept-Language')),
        origin
      })
      deps.wakeMail()
      return identityOnWire(linked)
    }
)

/** `DELETE /auth/me/identities/:id`: the last way to sign in stays. */
export const unlinkIdentity = defineRoute(
  {
    method: 'delete',
    path: '/auth/me/identities/:id',
    summary: 'Unlink an identity, unless it is the only way to sign in; the user gets a mail',
    access: 'user-in-person',
    needsRecentSignIn: true,
    params: identityParams,
    response: { status: 204 },
    errors: [409]
  },
  ({ identities, wakeMail }: { identities: Identities; wakeMail: () => void }) =>
    async ({ params, accessToken: { sub: userId, sid: sessionId }, origin, ctx }) => {
      const language = wantedLanguage(ctx.get('Accept-Language'))
      const outcome = await identities.unlink({ id: params.id, userId, sessionId, language, origin })
      switch (outcome) {
        case 'unlinked':
          return wakeMail()
        case 'unknown':
          throw new NotFoundError({ description: 'There is no identity with this id.' })
        case 'session_ended':
          throw sessionEnded()
        case 'last_way_in':
          throw new ConflictError({
            code: outcome,
            description:
              'This is the last way to sign in to this account. Set a password or link another service first.'
          })
      }
    }
)
