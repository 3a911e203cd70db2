import { z } from 'zod'
import type { Passkey } from '../accounts/passkey-store.ts'
import { isUuid } from '../identifiers.ts'
import type { Identity } from '../providers/identities.ts'
import type { FactorOverview } from '../sign-in/second-factors.ts'
import { passkey, passkeySummary } from './passkeys.ts'
import { identity, identityOnWire } from './providers.ts'
import { ownTotp, totpOnWire } from './second-factors.ts'
import { userParams } from './users.ts'

/** How a user signs in, as admins see it. */

/** Of `/admin/users/:id/identities/:identity_id` */
export const userIdentityParams = userParams.extend({
  identity_id: z.string().refine(isUuid, { error: 'There is no identity with this id.' }).meta({ format: 'uuid' })
})

/** `GET /admin/users/:id/credentials`. No secret is in it. */
export const userCredentials = z
  .object({
    password: z.boolean().meta({ description: 'whether the user has one' }),
    passkeys: z.array(passkey.omit({ credential_id: true })),
    identities: z.array(identity).meta({ description: 'at other services, by which the user signs in' }),
    totp: ownTotp.nullable().meta({ description: 'the authenticator app' }),
    recovery_codes_left: z.int(),
    only_passkeys: z.boolean().meta({ description: 'whether the user signs in with a passkey, and with nothing else' })
  })
  .meta({ id: 'UserCredentials' })

export interface UserCredentials extends FactorOverview {
  readonly hasPassword: boolean
  /** Nothing but a passkey signs the user in. */
  readonly needsPasskey: boolean
  readonly passkeys: readonly Passkey[]
  readonly identities: readonly Identity[]
}

export function userCredentialsOnWire({
  hasPassword,
  needsPasskey,
  passkeys,
  identities,
  ...factors
}: UserCredentials) {
  return {
    password: hasPassword,
    passkeys: passkeys.map(passkeySummary).map(({ credential_id: _, ...shown }) => shown),
    identities: identities.map(identityOnWire),
    totp: totpOnWire(factors.totp),
    recovery_codes_left: factors.recoveryCodesLeft,
    only_passkeys: needsPasskey && passkeys.length > 0
  }
}
