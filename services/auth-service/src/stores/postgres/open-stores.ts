import { createOneTimeSecretCodec } from '../../accounts/one-time-secrets.ts'
import type { Config } from '../../config.ts'
import type { Mail } from '../../mail/open-mail.ts'
import { createPrismaActivity } from './activity.ts'
import { createPrismaApiAdministration } from './apis.ts'
import { createPrismaAuditLog } from './audit-log.ts'
import { createPrismaAuthorizationRequests } from './authorization-requests.ts'
import { createPrismaBackchannelLogouts } from './backchannel-logouts.ts'
import { createPrismaClientAdministration, createPrismaClientStore, createPrismaFirstTokens } from './clients.ts'
import { createPrismaConsents } from './consents.ts'
import { type Database, openDatabase, openDatabasePool, openDatabaseProbe } from './database.ts'
import { requireNoDroppedSlashes } from './dropped-slashes.ts'
import { createPrismaEmailChange } from './email-change.ts'
import { createPrismaEmailVerification } from './email-verification.ts'
import { createPrismaEnrolmentMail } from './enrolment-mail.ts'
import { createPrismaExpiredRows } from './expired-rows.ts'
import { createPrismaExportedUsers } from './exported-users.ts'
import { createPrismaFailedAuthentications } from './failed-authentications.ts'
import { createPrismaIdentities, createPrismaIdentityAdministration } from './identities.ts'
import { createPrismaImportedUsers } from './imported-users.ts'
import { createPrismaInvitations } from './invitations.ts'
import { createPrismaLogoutRequests } from './logout-requests.ts'
import {
  createMailWriter,
  createPrismaMailAdministration,
  createPrismaMailOutbox,
  createTellUser,
  type TellUser,
  type WriteMail
} from './mail-outbox.ts'
import { createPrismaMailSignIn } from './mail-sign-in.ts'
import { createPrismaOneTimeSecrets } from './one-time-secrets.ts'
import { createPrismaPasskeys } from './passkeys.ts'
import { createPrismaPasswordResets } from './password-resets.ts'
import { createPrismaAccountDeletion, createPrismaPendingDeletions } from './pending-deletions.ts'
import { createPreparedStatements } from './prepared-statements.ts'
import { createPrismaProviderTransactions } from './provider-transactions.ts'
import { createPrismaProviderAdministration, createPrismaProviderStore, createProviderSealing } from './providers.ts'
import { createPrismaRefreshTokenFamilies } from './refresh-token-families.ts'
import { openRevocationFeedSource } from './revocation-feed-source.ts'
import { createPrismaRevocationOutbox } from './revocation-outbox.ts'
import { createPrismaRoleAdministration } from './roles.ts'
import { createPrismaSealedSeeds, createPrismaSecondFactors } from './second-factors.ts'
import { createPrismaSessionEndings } from './session-endings.ts'
import { createPrismaGroupEndings } from './session-groups.ts'
import { createPrismaSignInFlows } from './sign-in-flows.ts'
import { createPrismaSigningKeyStore } from './signing-key-store.ts'
import { createPrismaStatistics } from './statistics.ts'
import { createPrismaTrustedDevices } from './trusted-devices.ts'
import { createPrismaUserAdministration } from './user-administration.ts'
import { createPrismaUserStore } from './user-store.ts'

export type PostgresStores = Awaited<ReturnType<typeof openPostgresStores>>

/**
 * Connects to the database, and makes all stores in it.
 * @param mail absent where no mail is sent
 * @throws {StartError} when the database was made for an issuer that is spelled differently
 */
export async function openPostgresStores(config: Config, mail: Mail | undefined) {
  const pool = openDatabasePool({ url: config.databaseUrl.reveal(), connections: config.databaseConnections })
  const database = openDatabase(pool)
  const probe = openDatabaseProbe(config.databaseUrl.reveal())
  await requireNoDroppedSlashes(database, { ISSUER: config.issuer, API_AUDIENCE: config.apiAudience })
  const revocationFeed = openRevocationFeedSource(config.databaseUrl.reveal())
  const preparedStatements = createPreparedStatements(pool)
  const writeMail = mail && createMailWriter(mail)
  const tellUser = createTellUser(writeMail)
  return {
    activity: createPrismaActivity(database),
    apiAdministration: createPrismaApiAdministration(database),
    auditLog: createPrismaAuditLog(database),
    authorizationRequests: createPrismaAuthorizationRequests(preparedStatements),
    backchannelLogouts: createPrismaBackchannelLogouts(database),
    clients: createPrismaClientStore(preparedStatements),
    clientAdministration: createPrismaClientAdministration(database),
    consents: createPrismaConsents(database),
    expiredRows: createPrismaExpiredRows(database, config),
    failedAuthentications: createPrismaFailedAuthentications(database),
    firstTokens: createPrismaFirstTokens(database),
    exportedUsers: createPrismaExportedUsers(database),
    importedUsers: createPrismaImportedUsers(database),
    groupEndings: createPrismaGroupEndings(database),
    families: createPrismaRefreshTokenFamilies(database, preparedStatements, { ...config, tellUser }),
    logoutRequests: createPrismaLogoutRequests(database),
    mailOutbox: createPrismaMailOutbox(database),
    mailAdministration: createPrismaMailAdministration(database),
    accountMail: writeMail && openAccountMail(database, config, writeMail, tellUser),
    accountDeletion: createPrismaAccountDeletion(database, { ...config, tellUser }),
    passkeys: createPrismaPasskeys(database, tellUser),
    providers: openProviders(database, config, tellUser),
    pendingDeletions: createPrismaPendingDeletions(database, tellUser),
    outbox: createPrismaRevocationOutbox(database),
    revocationFeed,
    roleAdministration: createPrismaRoleAdministration(database),
    sessionEndings: createPrismaSessionEndings(database),
    secondFactors: createPrismaSecondFactors(database, tellUser),
    sealedSeeds: createPrismaSealedSeeds(database),
    signInFlows: createPrismaSignInFlows(database),
    trustedDevices: createPrismaTrustedDevices(database),
    signingKeys: createPrismaSigningKeyStore(database),
    statistics: createPrismaStatistics(database),
    users: createPrismaUserStore(database, preparedStatements, tellUser),
    userAdministration: createPrismaUserAdministration(database, tellUser),
    isReachable: probe.isReachable,
    findSchemaFault: probe.findSchemaFault,
    async close() {
      try {
        await Promise.all([probe.close(), revocationFeed.close()])
      } finally {
        await database.$disconnect()
      }
    }
  }
}

function openProviders(database: Database, { masterKeys }: Config, tellUser: TellUser) {
  const sealing = createProviderSealing(masterKeys)
  return {
    providers: createPrismaProviderStore(database, sealing),
    providerAdministration: createPrismaProviderAdministration(database, sealing),
    providerTransactions: createPrismaProviderTransactions(database, sealing),
    identities: createPrismaIdentities(database, tellUser),
    identityAdministration: createPrismaIdentityAdministration(database, tellUser)
  }
}

function openAccountMail(
  database: Database,
  { masterKeys, mailSignIn }: Config,
  writeMail: WriteMail,
  tellUser: TellUser
) {
  const codec = createOneTimeSecretCodec(masterKeys)
  const cause = { codec, writeMail }
  return {
    codec,
    secrets: createPrismaOneTimeSecrets(database),
    enrolmentMail: createPrismaEnrolmentMail(database, cause),
    emailChange: createPrismaEmailChange(database, cause, tellUser),
    resets: createPrismaPasswordResets(database, cause),
    signIn: mailSignIn === 'on' ? createPrismaMailSignIn(database, cause) : undefined,
    verification: createPrismaEmailVerification(database, cause),
    invitations: createPrismaInvitations(database, cause)
  }
}
