import { NotFoundError } from '@countersign/oauth'
import type { PasskeyStore } from '../../accounts/passkey-store.ts'
import type { UserStore } from '../../accounts/user-store.ts'
import type { AuditLog } from '../../audit/audit-log.ts'
import type { Consents } from '../../authorization/consents.ts'
import type { Identities } from '../../providers/identities.ts'
import { defineRoute } from '../../routing/route.ts'
import type { Sessions } from '../../sessions/sessions.ts'
import type { SecondFactors } from '../../sign-in/second-factors.ts'
import type { TrustedDevices } from '../../sign-in/trusted-devices.ts'
import { accountData, accountDataQuery, ownEventOnWire } from '../../wire/account-data.ts'
import { appOnWire } from '../../wire/apps.ts'
import { eventId } from '../../wire/audit.ts'
import { decodePlace, encodePlace } from '../../wire/pages.ts'
import { passkeySummary } from '../../wire/passkeys.ts'
import { identityOnWire } from '../../wire/providers.ts'
import { totpOnWire, trustedDeviceOnWire } from '../../wire/second-factors.ts'
import { sessionSummary } from '../../wire/sessions.ts'
import { ownProfileSummary } from '../../wire/users.ts'

export interface AccountDataDeps {
  users: Pick<UserStore, 'findProfile'>
  sessions: Pick<Sessions, 'list'>
  auditLog: AuditLog
  passkeys: Pick<PasskeyStore, 'list'>
  identities: Pick<Identities, 'listOf'>
  consents: Pick<Consents, 'list'>
  factors: Pick<SecondFactors, 'overview'>
  trustedDevices: Pick<TrustedDevices, 'list'>
}

/** The most events of one response, and the most sessions and apps. */
const eventsAtOnce = 1000

/** `GET /auth/me/data`: what this service keeps about the user, as a file; without hashes and secrets. */
export const showAccountData = defineRoute(
  {
    method: 'get',
    path: '/auth/me/data',
    summary: 'Download the data about the user: profile, sessions, passkeys and audit events',
    access: 'user-in-person',
    query: accountDataQuery,
    response: { status: 200, schema: accountData },
    errors: [404]
  },
  ({ users, sessions, auditLog, passkeys, identities, consents, factors, trustedDevices }: AccountDataDeps) =>
    async ({ query: { cursor }, accessToken: { sub }, ctx }) => {
      const after = cursor === undefined ? undefined : decodePlace(cursor, eventId)
      const user = await users.findProfile(sub)
      if (!user) throw new NotFoundError({ description: 'This user no longer exists or is disabled.' })
      const live = await sessions.list(sub, { after: undefined, limit: eventsAtOnce })
      const { events, next } = await auditLog.list({ filter: { userId: sub }, after, limit: eventsAtOnce })
      ctx.attachment('account-data.json')
      return {
        profile: ownProfileSummary(user),
        sessions: live.sessions.map(sessionSummary),
        passkeys: (await passkeys.list(sub)).map(passkeySummary),
        identities: (await identities.listOf(sub)).map(identityOnWire),
        apps: (await consents.list(sub, { after: undefined, limit: eventsAtOnce })).apps.map(appOnWire),
        totp: totpOnWire((await factors.overview(sub)).totp),
        trusted_devices: (await trustedDevices.list(sub)).map(trustedDeviceOnWire),
        events: events.map(ownEventOnWire),
        next_cursor: next ? encodePlace(next) : null
      }
    }
)
