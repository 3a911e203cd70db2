/** How a user signs in, for admins. */
import { ConflictError, NotFoundError } from '@countersign/oauth'
import type { PasskeyStore } from '../../accounts/passkey-store.ts'
import type { UserAdministration } from '../../accounts/user-administration.ts'
import type { Identities, IdentityAdministration } from '../../providers/identities.ts'
import type { Announcing } from '../../revocation/announcing.ts'
import { defineRoute } from '../../routing/route.ts'
import type { SecondFactors } from '../../sign-in/second-factors.ts'
import { factorsReset } from '../../wire/second-factors.ts'
import { userCredentials, userCredentialsOnWire, userIdentityParams } from '../../wire/user-credentials.ts'
import { userParams } from '../../wire/users.ts'
import { noLongerAdmin } from './no-longer-admin.ts'
import { requireUser, unknownUser } from './required-user.ts'

export interface UserCredentialsDeps {
  administration: Pick<Announcing<UserAdministration>, 'find' | 'waysIn'>
  passkeys: Pick<PasskeyStore, 'list'>
  identities: Pick<Identities, 'listOf'>
  identityAdministration: Announcing<IdentityAdministration>
  factors: Announcing<Pick<SecondFactors, 'overview' | 'reset'>>
  wakeMail(): void
}

/** `GET /admin/users/:id/credentials` */
export const showUserCredentials = defineRoute(
  {
    method: 'get',
    path: '/admin/users/:id/credentials',
    summary: 'How a user signs in: password, passkeys, identities at other services, second factors',
    access: 'admin',
    params: userParams,
    response: { status: 200, schema: userCredentials }
  },
  ({ administration, passkeys, identities, factors }: UserCredentialsDeps) =>
    async ({ params: { id } }) => {
      await requireUser(administration, id)
      const [waysIn, ownPasskeys, ownIdentities, overview] = await Promise.all([
        administration.waysIn(id),
        passkeys.list(id),
        identities.listOf(id),
        factors.overview(id)
      ])
      return userCredentialsOnWire({
        ...overview,
        ...waysIn,
        passkeys: ownPasskeys,
        identities: ownIdentities
      })
    }
)

/** `DELETE /admin/users/:id/second-factors`: for a user who has lost them. All sessions of the user end. */
export const resetSecondFactors = defineRoute(
  {
    method: 'delete',
    path: '/admin/users/:id/second-factors',
    summary: 'Remove all second factors of a user, and end all sessions of the user',
    access: 'admin',
    params: userParams,
    response: { status: 200, schema: factorsReset }
  },
  ({ factors, wakeMail }: UserCredentialsDeps) =>
    async ({ params, accessToken }) => {
      const outcome = await factors.reset({ userId: params.id, actorId: accessToken.sub })
      if (outcome.outcome === 'unknown') throw unknownUser()
      if (outcome.outcome === 'not_an_admin') throw noLongerAdmin()
      wakeMail()
      return { removed: outcome.removed, ended_sessions: outcome.ended }
    }
)

/** `DELETE /admin/users/:id/identities/:identity_id`: the last way to sign in stays. */
export const unlinkUserIdentity = defineRoute(
  {
    method: 'delete',
    path: '/admin/users/:id/identities/:identity_id',
    summary: 'Unlink an identity of a user, unless it is the only way to sign in, and end all sessions of the user',
    access: 'admin',
    params: userIdentityParams,
    response: { status: 204 },
    errors: [409]
  },
  ({ identityAdministration, wakeMail }: UserCredentialsDeps) =>
    async ({ params, accessToken }) => {
      const unlinking = { id: params.identity_id, userId: params.id, actorId: accessToken.sub }
      const { outcome } = await identityAdministration.unlink(unlinking)
      if (outcome === 'unknown') throw new NotFoundError({ description: 'There is no identity with this id.' })
      if (outcome === 'not_an_admin') throw noLongerAdmin()
      if (outcome === 'last_way_in') {
        throw new ConflictError({
          code: 'last_way_in_of_user',
          description:
            'The user has no other password, passkey or linked service. To keep the user out, disable the account.'
        })
      }
      wakeMail()
    }
)
