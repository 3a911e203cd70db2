import { endpointOf } from '@countersign/oauth'
import type { Logger } from '@countersign/service-kit'
import type { AccessTokenVerifier, RevocationEntry } from '@countersign/verifier'
import { requireAccessToken } from '@countersign/verifier/koa'
import type { FailedAuthenticationLog } from '../audit/failed-authentications.ts'
import type { ClientCache } from '../clients/client-cache.ts'
import { createClientKeys } from '../clients/client-keys.ts'
import { firstPartyClientId } from '../clients/client-rules.ts'
import type { FirstTokens } from '../clients/first-tokens.ts'
import type { Config } from '../config.ts'
import type { Infrastructure } from '../infrastructure.ts'
import type { Keys } from '../keys/start-keys.ts'
import type { IssuerMetrics } from '../metrics.ts'
import type { OutboundFetch } from '../outbound/outbound-fetch.ts'
import type { OutboxWorker } from '../outbox/outbox-worker.ts'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { createLazyProviderClient } from '../providers/lazy-provider-client.ts'
import { type Announcer, announcing } from '../revocation/announcing.ts'
import type { FeedStreams } from '../revocation/feed/feed-streams.ts'
import { createAccessRules } from '../routing/access-rules.ts'
import { coalesceRefreshes } from '../sessions/coalesce-refreshes.ts'
import { createRefreshTokenCodec } from '../sessions/refresh-tokens.ts'
import type { Sessions } from '../sessions/sessions.ts'
import { createDeviceTokenCodec } from '../sign-in/device-tokens.ts'
import { relyingPartyOf } from '../sign-in/relying-party.ts'
import { createSignInLimits } from '../sign-in/sign-in-limits.ts'
import { createTotpSealing } from '../sign-in/totp.ts'
import type { PostgresStores } from '../stores/postgres/open-stores.ts'
import { createAccessTokenIssuer } from '../tokens/access-tokens.ts'
import { createDpopNonces } from '../tokens/dpop-nonces.ts'
import { createIdTokens } from '../tokens/id-tokens.ts'
import { createOwnAccessTokens, forAudience } from '../tokens/own-access-tokens.ts'
import type { AccountMail } from './account/account-mail.ts'

/** The running parts that endpoints use. */
export interface Parts {
  config: Config
  logger: Logger
  infrastructure: Infrastructure
  stores: PostgresStores
  passwords: PasswordHashing
  metrics: IssuerMetrics
  keys: Keys
  clients: ClientCache
  announcer: Announcer
  verifier: AccessTokenVerifier
  feedStreams: FeedStreams
  failedAuthentications: FailedAuthenticationLog
  firstTokens: FirstTokens
  outboundFetch: OutboundFetch
  /** Absent where no mail is sent. */
  mailSender: OutboxWorker | undefined
}

/** Makes the dependencies of the endpoints and their checks from the running parts. */
export function createEndpointDeps(parts: Parts) {
  const { config, stores, infrastructure, keys, announcer, verifier, outboundFetch } = parts
  const { issuer, masterKeys } = config
  const families = { ...stores.families, refresh: coalesceRefreshes(stores.families.refresh) }
  const sessions: Sessions = announcing(families, announcer)
  const nonces = config.dpopNonce === 'required' ? createDpopNonces(masterKeys) : undefined
  const proofs = { issuer, replayCache: infrastructure.replayCache, nonces }
  const clientAuthentication = {
    clients: parts.clients,
    keys: createClientKeys({ fetch: outboundFetch, logger: parts.logger }),
    replayCache: infrastructure.replayCache,
    failures: parts.failedAuthentications,
    audiences: [issuer, endpointOf(issuer, '/oauth/token')]
  }
  const requireTokenFor = (audience: string) =>
    requireAccessToken(forAudience(verifier, audience), { publicUrl: issuer, logger: (ctx) => ctx.state.log })
  return {
    ...config,
    accessRules: createAccessRules({
      issuer,
      requireAccessToken: requireTokenFor(issuer),
      requireAccessTokenFor: requireTokenFor,
      requireAnyAccessToken: requireAccessToken(verifier, { publicUrl: issuer, logger: (ctx) => ctx.state.log }),
      registration: config.registration,
      revocationFeedAccess: config.revocationFeedAccess,
      clientAuthentication,
      proofs
    }),
    proofs,
    passwords: parts.passwords,
    metrics: parts.metrics,
    // Sessions and sign-in
    sessions,
    users: announcing(stores.users, announcer),
    accountDeletion: announcing(stores.accountDeletion, announcer),
    limits: createSignInLimits({
      counters: infrastructure.counters,
      settings: config,
      recognize: stores.families.recognize
    }),
    counters: infrastructure.counters,
    passkeys: stores.passkeys,
    relyingParty: relyingPartyOf(config),
    ...stores.providers,
    identityAdministration: announcing(stores.providers.identityAdministration, announcer),
    providerClient: createLazyProviderClient(outboundFetch),
    devices: createDeviceTokenCodec(masterKeys),
    flows: stores.signInFlows,
    factors: announcing(stores.secondFactors, announcer),
    trustedDevices: stores.trustedDevices,
    totpSealing: createTotpSealing(masterKeys),
    firstParty: { clientId: firstPartyClientId, audience: [config.apiAudience, issuer] },
    // Tokens
    clients: parts.clients,
    firstTokens: parts.firstTokens,
    accessTokens: createAccessTokenIssuer({ issuer, signingKey: keys.signingKeys.signingKey }),
    refreshTokens: createRefreshTokenCodec(masterKeys),
    idTokens: createIdTokens({ issuer, signingKeys: keys.signingKeys }),
    authorizationRequests: stores.authorizationRequests,
    logoutRequests: stores.logoutRequests,
    consents: announcing(stores.consents, announcer),
    ownTokens: createOwnAccessTokens(verifier),
    accessTokenRevocation: announcing({ revokeToken: stores.outbox.revokeToken }, announcer),
    feedStreams: parts.feedStreams,
    outbox: stores.outbox,
    // Mail
    accountMail: accountMailOf(parts),
    mailAdministration: stores.mailAdministration,
    wakeMail: () => parts.mailSender?.wake(),
    // Administration
    administration: announcing(stores.userAdministration, announcer),
    importedUsers: stores.importedUsers,
    exportedUsers: stores.exportedUsers,
    unusableHash: parts.passwords.unusableHash,
    clientAdministration: announcing(stores.clientAdministration, announcer),
    apiAdministration: stores.apiAdministration,
    roleAdministration: stores.roleAdministration,
    sessionEndings: announcing(stores.sessionEndings, announcer),
    keyAdministration: announcing(keys.administration, withoutRevokedKeys(keys, announcer)),
    keySchedule: keys.schedule,
    signingKeys: keys.signingKeys,
    statistics: stores.statistics,
    activity: stores.activity,
    auditLog: stores.auditLog
  }
}

function accountMailOf({ stores: { accountMail }, mailSender, announcer }: Parts): AccountMail | undefined {
  if (!accountMail || !mailSender) return undefined
  return {
    ...accountMail,
    resets: announcing(accountMail.resets, announcer),
    emailChange: announcing(accountMail.emailChange, announcer),
    wake: mailSender.wake
  }
}

/** This replica drops a revoked key at once, even if the announcement fails. */
function withoutRevokedKeys({ signingKeys }: Keys, announcer: Announcer): Announcer {
  const drop = ({ kind, value }: RevocationEntry) => kind === 'kid' && signingKeys.verificationKeys.remove(value)
  return {
    ...announcer,
    announce(entries) {
      entries.forEach(drop)
      return announcer.announce(entries)
    }
  }
}
