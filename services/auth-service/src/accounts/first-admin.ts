import { randomBytes } from 'node:crypto'
import { ConfigurationError, type Logger, StartError } from '@countersign/service-kit'
import type { PasswordHashing } from '../passwords/password-hashing.ts'
import { refusalOfPassword } from '../passwords/password-policy.ts'
import type { UserStore } from './user-store.ts'
import { parseUsername } from './usernames.ts'

/** The role that may use `/admin/*`. */
export const adminRole = 'admin'

export interface FirstAdminOptions {
  username: string
  /** Without one, a random password is generated if `generate` is set; otherwise there is no first admin. */
  password: string | undefined
  generate: boolean
}

/** The first admin, when this start made it. */
export interface FirstAdmin {
  readonly username: string
  /** Shown once and not stored. `undefined` when the operator gave the password. */
  readonly generatedPassword: string | undefined
}

export interface FirstAdminDeps {
  users: UserStore
  passwords: PasswordHashing
  logger: Logger
}

/**
 * Creates the first admin in a database that has none. There is no default password.
 * @throws {StartError} when the name belongs to a user who is not an admin, or the password is one of the most used ones
 */
export async function ensureFirstAdmin(
  { users, passwords, logger }: FirstAdminDeps,
  options: FirstAdminOptions
): Promise<FirstAdmin | undefined> {
  if (await users.hasUserWithRole(adminRole)) return undefined
  const generatedPassword = options.password === undefined ? randomBytes(15).toString('base64url') : undefined
  if (generatedPassword !== undefined && !options.generate) {
    logger.warn('there is no admin; COUNTERSIGN_ADMIN_PASSWORD makes the first one at the next start')
    return undefined
  }
  const username = parseUsername(options.username)
  if (!username) throw new TypeError('The first admin needs a valid username.')
  const refusal =
    options.password === undefined ? undefined : await refusalOfPassword(options.password, username.display)
  if (refusal !== undefined) throw new ConfigurationError([`COUNTERSIGN_ADMIN_PASSWORD: ${refusal}`])
  const created = await users.createFirstWithRole(adminRole, {
    username,
    email: undefined,
    passwordHash: await passwords.hash(options.password ?? (generatedPassword as string), {
      network: '',
      account: username.key
    }),
    roles: [adminRole],
    origin: { address: '', userAgent: 'start' }
  })
  if (created) {
    logger.info({ username: created.username }, 'made the first admin')
    return { username: created.username, generatedPassword }
  }
  if (await users.hasUserWithRole(adminRole)) return undefined // another replica was faster
  throw new StartError(
    `There is no admin yet, and the name "${username.display}" belongs to a user who is not an admin. ` +
      'Give the first admin another name by COUNTERSIGN_ADMIN_USERNAME.'
  )
}
