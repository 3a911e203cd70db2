import {
  ConfigurationError,
  type Environment,
  optional,
  readVariables,
  secretNames,
  type Variables,
  withSecretFiles
} from '@countersign/service-kit'
import type { Invitations } from '../accounts/invitations.ts'
import { createOneTimeSecretCodec } from '../accounts/one-time-secrets.ts'
import type { UserAdministration } from '../accounts/user-administration.ts'
import type { UserExport } from '../accounts/user-export.ts'
import type { UserImport } from '../accounts/user-import.ts'
import type { UserStore } from '../accounts/user-store.ts'
import type { ApiAdministration } from '../apis/api-administration.ts'
import type { ClientAdministration } from '../clients/client-administration.ts'
import { requireCompleteMail, variables } from '../config.ts'
import { administerKeys } from '../keys/administer-keys.ts'
import { createKeySealing, type KeySealing } from '../keys/key-sealing.ts'
import type { SigningKeyAdministration } from '../keys/signing-key-administration.ts'
import type { SigningKeyStore } from '../keys/signing-key-store.ts'
import type { MailAdministration } from '../mail/mail-outbox.ts'
import { createMailSealing } from '../mail/mail-sealing.ts'
import { type SmtpOptions, smtpOptionsOf } from '../mail/smtp-transport.ts'
import { createAdmissionGate } from '../passwords/admission-gate.ts'
import { createPasswordHashing, ownHashFunctions, type PasswordHashing } from '../passwords/password-hashing.ts'
import type { ProviderAdministration } from '../providers/provider-administration.ts'
import { type Announcer, type Announcing, announcing } from '../revocation/announcing.ts'
import type { RevocationPublisher } from '../revocation/revocation-publisher.ts'
import type { RoleAdministration } from '../roles/role-administration.ts'
import type { SessionEndings } from '../sessions/session-endings.ts'
import type { SecondFactors } from '../sign-in/second-factors.ts'
import { createTotpSealing, resealSeeds } from '../sign-in/totp.ts'
import { createPrismaApiAdministration } from '../stores/postgres/apis.ts'
import { createPrismaAuditLog } from '../stores/postgres/audit-log.ts'
import { createPrismaClientAdministration } from '../stores/postgres/clients.ts'
import { type Database, openDatabase, openDatabasePool } from '../stores/postgres/database.ts'
import { migrateDatabase, requireSchema } from '../stores/postgres/database-migration.ts'
import { createPrismaExportedUsers } from '../stores/postgres/exported-users.ts'
import { createPrismaImportedUsers } from '../stores/postgres/imported-users.ts'
import { createPrismaInvitations } from '../stores/postgres/invitations.ts'
import { createMailWriter, createPrismaMailAdministration, createTellUser } from '../stores/postgres/mail-outbox.ts'
import { createPreparedStatements } from '../stores/postgres/prepared-statements.ts'
import {
  createPrismaProviderAdministration,
  createProviderSealing,
  resealProviders
} from '../stores/postgres/providers.ts'
import { createPrismaRestoredSecrets } from '../stores/postgres/restored-secrets.ts'
import { createPrismaRestoredSessions } from '../stores/postgres/restored-sessions.ts'
import { createPrismaRevocationOutbox } from '../stores/postgres/revocation-outbox.ts'
import { createPrismaRoleAdministration } from '../stores/postgres/roles.ts'
import { createPrismaSealedSeeds, createPrismaSecondFactors } from '../stores/postgres/second-factors.ts'
import { createPrismaSessionEndings } from '../stores/postgres/session-endings.ts'
import { createPrismaGroupEndings } from '../stores/postgres/session-groups.ts'
import { createPrismaSigningKeyStore } from '../stores/postgres/signing-key-store.ts'
import { createPrismaUserAdministration } from '../stores/postgres/user-administration.ts'
import { createPrismaUserStore } from '../stores/postgres/user-store.ts'
import { createRedisRevocationPublisher } from '../stores/redis/revocation-publisher.ts'
import type { RestoreParts } from './after-restore.ts'
import { createCommandAnnouncer } from './announcement.ts'
import type { DatabaseUnderCheck } from './doctor/check-database.ts'

/** What a command works with, made from the environment on demand: no command needs a variable that it does not use. */
export interface CliDependencies {
  /** @returns the names of the migrations that were applied now */
  migrate(onProgress: (message: string) => void): Promise<string[]>
  openAccounts(): Promise<AccountParts>
  openClients(): Promise<ClientParts>
  openApis(): Promise<ApiParts>
  openRoles(): Promise<RoleParts>
  openInstallation(): Promise<InstallationParts>
  openMail(): Promise<MailAdministration>
  openProviders(): Promise<ProviderParts>
  /** Needs to know from where mail comes, which the running auth-service sends. */
  openInvitations(): Promise<Invitations>
  openKeys(): Promise<KeyParts>
  openRestore(): Promise<RestoreParts & Pick<KeyParts, 'requireMasterKey'>>
  /** Everything; nothing is connected yet. */
  openInspection(): Promise<InspectionParts>
  close(): Promise<void>
}

export interface AccountParts {
  readonly users: Announcing<UserStore>
  readonly administration: Announcing<UserAdministration>
  readonly secondFactors: Announcing<Pick<SecondFactors, 'reset'>>
  readonly userImport: UserImport
  readonly userExport: UserExport
  openPasswords(): Promise<PasswordHashing>
}

export interface ClientParts {
  readonly administration: Announcing<ClientAdministration>
}

export interface ApiParts {
  readonly apis: ApiAdministration
  readonly sessionEndings: Announcing<SessionEndings>
}

export interface RoleParts {
  readonly roles: RoleAdministration
  readonly sessionEndings: Announcing<SessionEndings>
}

export interface ProviderParts {
  readonly providers: ProviderAdministration
  readonly pagesUrl: string | undefined
}

export interface InstallationParts extends ApiParts, RoleParts {
  readonly clients: Announcing<ClientAdministration>
  readonly providers: ProviderAdministration
}

export interface KeyParts {
  readonly administration: Announcing<SigningKeyAdministration>
  /**
   * A new key sealed under a master key that the services do not have would stop them. So a command that makes a key first
   * shows that an existing key can be opened. One is enough: a damaged row must not block a revocation.
   * @throws {SealedKeyError}
   */
  requireMasterKey(): Promise<void>
  /** Seals the seeds of authenticator apps with the current master key. @returns how many it had to */
  resealSeeds(): Promise<number>
  /** @returns how many secrets of providers that were */
  resealProviders(): Promise<number>
}

export interface InspectionParts {
  readonly issuer: string | undefined
  readonly database: DatabaseUnderCheck | undefined
  readonly redisUrl: string | undefined
  /** The mail server; `undefined` where none is configured. */
  readonly smtp: SmtpOptions | undefined
}

const { issuer, databaseUrl, redisUrl, masterKeys, signingKeyBits, signingKeyRotationDays, jwksMaxAgeSeconds } =
  variables
const { smtpUrl, mailFrom, pagesUrl, productName } = variables

/**
 * The only place of the command line where its parts are constructed, as server.ts is for the service.
 * @param note prints a message beside the result of the command
 */
export function createCliDependencies(
  readEnvironment: () => Promise<Environment>,
  note: (line: string) => void
): CliDependencies {
  const closers: (() => Promise<unknown>)[] = []

  return {
    async migrate(onProgress) {
      const config = await read({ databaseUrl })
      return migrateDatabase(config.databaseUrl.reveal(), onProgress)
    },

    async openAccounts() {
      const config = await read({ databaseUrl, redisUrl, smtpUrl, mailFrom })
      const { database, pool } = await open(config.databaseUrl.reveal())
      const { mailFrom: from } = config
      const tellUser = createTellUser(config.smtpUrl && from !== undefined ? createMailWriter({ from }) : undefined)
      const announcer = openAnnouncer(database, config.redisUrl?.reveal())
      return {
        users: announcing(createPrismaUserStore(database, createPreparedStatements(pool), tellUser), announcer),
        administration: announcing(createPrismaUserAdministration(database, tellUser), announcer),
        secondFactors: announcing(createPrismaSecondFactors(database, tellUser), announcer),
        userImport: createPrismaImportedUsers(database),
        userExport: createPrismaExportedUsers(database),
        openPasswords: () =>
          createPasswordHashing(createAdmissionGate({ concurrency: 1, queueLimit: 1 }), ownHashFunctions)
      }
    },

    async openClients() {
      const config = await read({ databaseUrl, redisUrl })
      const { database } = await open(config.databaseUrl.reveal())
      const announcer = openAnnouncer(database, config.redisUrl?.reveal())
      return { administration: announcing(createPrismaClientAdministration(database), announcer) }
    },

    async openApis() {
      const { database, sessionEndings } = await openSessionEndings()
      return { apis: createPrismaApiAdministration(database), sessionEndings }
    },

    async openRoles() {
      const { database, sessionEndings } = await openSessionEndings()
      return { roles: createPrismaRoleAdministration(database), sessionEndings }
    },

    async openInstallation() {
      const { masterKeys: keys } = await read({ masterKeys: optional(masterKeys) })
      const { database, announcer, sessionEndings } = await openSessionEndings()
      return {
        apis: createPrismaApiAdministration(database),
        providers: createPrismaProviderAdministration(database, keys && createProviderSealing(keys)),
        roles: createPrismaRoleAdministration(database),
        clients: announcing(createPrismaClientAdministration(database), announcer),
        sessionEndings
      }
    },

    async openProviders() {
      const config = await read({ databaseUrl, masterKeys: optional(masterKeys), pagesUrl })
      const { database } = await open(config.databaseUrl.reveal())
      const sealing = config.masterKeys && createProviderSealing(config.masterKeys)
      return { providers: createPrismaProviderAdministration(database, sealing), pagesUrl: config.pagesUrl }
    },

    async openMail() {
      const config = await read({ databaseUrl })
      return createPrismaMailAdministration((await open(config.databaseUrl.reveal())).database)
    },

    async openInvitations() {
      const config = await read({ databaseUrl, masterKeys, mailFrom })
      const { masterKeys: keys, mailFrom: from } = config
      if (from === undefined) throw new ConfigurationError(['MAIL_FROM is required: mail comes from this address.'])
      const { database } = await open(config.databaseUrl.reveal())
      const writeMail = createMailWriter({ sealing: createMailSealing(keys), from })
      return createPrismaInvitations(database, { codec: createOneTimeSecretCodec(keys), writeMail })
    },

    openKeys: openKeyParts,

    async openRestore() {
      const { database, announcer, publisher, administration, requireMasterKey } = await openKeyParts()
      return {
        keys: administration,
        requireMasterKey,
        sessions: announcing(createPrismaRestoredSessions(database), announcer),
        clients: announcing(createPrismaClientAdministration(database), announcer),
        secrets: createPrismaRestoredSecrets(database),
        auditLog: createPrismaAuditLog(database),
        outbox: createPrismaRevocationOutbox(database),
        publisher
      }
    },

    async openInspection() {
      const shape = {
        issuer: optional(issuer),
        databaseUrl: optional(databaseUrl),
        redisUrl,
        masterKeys: optional(masterKeys),
        smtpUrl,
        mailFrom,
        pagesUrl,
        productName
      }
      const config = await read(shape)
      const url = config.databaseUrl?.reveal()
      const { masterKeys: keys } = config
      const connection = url === undefined ? undefined : connect(url)
      const store = connection && createPrismaSigningKeyStore(connection.database)
      requireCompleteMail(config)
      return {
        issuer: config.issuer,
        smtp: smtpOptionsOf(config),
        redisUrl: config.redisUrl?.reveal(),
        database: store && {
          async listKeys() {
            await requireSchema(connection.pool)
            return store.list()
          },
          requireMasterKey: keys && (() => openOneKey(store, createKeySealing(keys)))
        }
      }
    },

    async close() {
      await Promise.allSettled(closers.map((close) => close()))
    }
  }

  async function read<V extends Variables>(needed: V) {
    return readVariables(await withSecretFiles(await readEnvironment(), secretNames(needed)), needed)
  }

  async function openKeyParts() {
    const keyVariables = { masterKeys, signingKeyBits, signingKeyRotationDays, jwksMaxAgeSeconds }
    const config = await read({ databaseUrl, redisUrl, ...keyVariables })
    const { database } = await open(config.databaseUrl.reveal())
    const store = createPrismaSigningKeyStore(database)
    const { administration, sealing } = administerKeys(config, store)
    const publisher = openPublisher(config.redisUrl?.reveal())
    const announcer = createCommandAnnouncer(publisher, note, createPrismaGroupEndings(database))
    return {
      database,
      publisher,
      announcer,
      administration: announcing(administration, announcer),
      resealProviders: () => resealProviders(database, createProviderSealing(config.masterKeys)),
      resealSeeds: () => resealSeeds(createPrismaSealedSeeds(database), createTotpSealing(config.masterKeys)),
      requireMasterKey: () => openOneKey(store, sealing)
    }
  }

  async function openSessionEndings() {
    const config = await read({ databaseUrl, redisUrl })
    const { database } = await open(config.databaseUrl.reveal())
    const announcer = openAnnouncer(database, config.redisUrl?.reveal())
    return { database, announcer, sessionEndings: announcing(createPrismaSessionEndings(database), announcer) }
  }

  /** @throws {SchemaError} when the database does not fit this version */
  async function open(url: string) {
    const connection = connect(url)
    await requireSchema(connection.pool)
    return connection
  }

  function connect(url: string) {
    const pool = openDatabasePool({ url, connections: 2 })
    const database = openDatabase(pool)
    closers.push(() => database.$disconnect())
    return { database, pool }
  }

  function openAnnouncer(database: Database, url: string | undefined): Announcer {
    return createCommandAnnouncer(openPublisher(url), note, createPrismaGroupEndings(database))
  }

  function openPublisher(url: string | undefined): RevocationPublisher | undefined {
    if (url === undefined) return undefined
    const publisher = createRedisRevocationPublisher({ url })
    closers.push(() => publisher.close())
    return publisher
  }
}

async function openOneKey(store: SigningKeyStore, sealing: KeySealing): Promise<void> {
  let failure: unknown
  for (const { kid, sealedPrivateJwk } of (await store.list()).keys) {
    if (sealedPrivateJwk === null) continue
    try {
      await sealing.open(kid, sealedPrivateJwk)
      return
    } catch (error) {
      failure ??= error
    }
  }
  if (failure) throw failure
}
