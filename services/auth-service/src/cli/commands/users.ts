import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { linesOf } from '@countersign/service-kit'
import type { Command } from 'commander'
import type { InvitationRefusal } from '../../accounts/invitations.ts'
import { deleteWithSessions, type UserChangeOutcome } from '../../accounts/user-administration.ts'
import type { UserCredentials, UserStore } from '../../accounts/user-store.ts'
import { parseUsername, type Username, usernameRule } from '../../accounts/usernames.ts'
import { languages } from '../../mail/mail.ts'
import { makeUnusableHash, ownHashFunctions } from '../../passwords/password-hashing.ts'
import { refusalOfPassword } from '../../passwords/password-policy.ts'
import type { Announced } from '../../revocation/announcing.ts'
import { exportUsers } from '../../user-files/export-users.ts'
import { importUsers, type LineResult } from '../../user-files/import-users.ts'
import { registerBody } from '../../wire/account.ts'
import { invitationBody, invitationOnWire } from '../../wire/invitations.ts'
import { placeInUsers, userChangeBody, userListQuery, userPage, userSummary } from '../../wire/users.ts'
import { publicationHelp } from '../announcement.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { textOfEnded } from '../end-sessions.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { collect, parseOption } from '../options.ts'
import { moreLine, textMoment, textTable } from '../text-table.ts'

/** Nothing else uses the gate of this process. */
const ownFlow = { network: '', account: '' }

const ownOrigin = { address: '', userAgent: 'command line' } as const

const needs = '\nNeeds DATABASE_URL.'
const passwordFromStdin = [
  '--password-stdin',
  'read the password from standard input; otherwise one is generated'
] as const

interface CreateOptions {
  email?: string
  role?: string[]
  passwordStdin?: boolean
}

interface InviteOptions {
  username?: string
  role?: string[]
  language?: string
}

interface ListOptions {
  search?: string
  limit?: string
  cursor?: string
}

interface ImportOptions {
  dryRun?: true
  allowFastHashes?: true
  results?: string
}

interface ExportOptions {
  withHashes?: true
}

/** `countersign users …` */
export function addUsers(program: Command, perform: Perform): void {
  const users = program.command('users').description('the users')

  users
    .command('create')
    .description('create a user')
    .argument('<username>')
    .option('--email <address>', 'the e-mail address')
    .option('--role <name>', 'a role, such as admin; may be given several times', collect)
    .option(...passwordFromStdin)
    .addHelpText('after', `${needs} A generated password is shown once, and not stored.`)
    .action((username: string, options: CreateOptions) => perform((context) => create(context, username, options)))

  users
    .command('invite')
    .description('invite a person by mail to create an account')
    .argument('<email>')
    .option('--username <name>', 'a suggestion for the username')
    .option('--role <name>', 'a role, such as admin; may be given several times', collect)
    .option('--language <code>', `of the mail and of the user: ${languages.join(' or ')}`)
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL, COUNTERSIGN_MASTER_KEY and MAIL_FROM. The running auth-service sends the mail within seconds.'
    )
    .action((email: string, options: InviteOptions) => perform((context) => invite(context, email, options)))

  users
    .command('import')
    .description('import users of another system, with their password hashes')
    .argument('<file>', 'NDJSON: a JSON object in each line')
    .option('--dry-run', 'check the lines, and change nothing')
    .option('--allow-fast-hashes', 'accept salted SHA, too, which a graphics card guesses fast')
    .option('--results <file>', 'write what became of each line, as NDJSON')
    .addHelpText(
      'after',
      `${needs} Each line has external_id and username, and may have display_name, email, password_hash, roles, created_at and disabled. A line that\n` +
        'cannot be used stops nothing, and is printed. Users that are there already, by their external_id, are left as they are.\n' +
        'Ends with exit code 3 when lines were left out.'
    )
    .action((file: string, options: ImportOptions) => perform((context) => importFile(context, file, options)))

  users
    .command('export')
    .description('write all users to a file that can be imported elsewhere')
    .argument('<file>', 'it must not be there yet, and is for its owner alone')
    .option('--with-hashes', 'with the hashes of passwords, so that users keep their passwords')
    .addHelpText('after', needs)
    .action((file: string, options: ExportOptions) => perform((context) => exportFile(context, file, options)))

  users
    .command('list')
    .description('the users, in the order of their names')
    .option('--search <text>', 'only users with a part of the name or e-mail address that starts with this')
    .option('--limit <count>', 'how many, 1 to 100', '20')
    .option('--cursor <cursor>', 'where to continue: the cursor that the page before shows')
    .addHelpText('after', needs)
    .action((options: ListOptions) => perform((context) => list(context, options)))

  users
    .command('disable')
    .description('disable a user: sign-ins are rejected, and all sessions end')
    .argument('<username>')
    .addHelpText('after', `${needs} ${publicationHelp}\nThe last enabled admin stays.`)
    .action((username: string) => perform((context) => setDisabled(context, username, true)))

  users
    .command('enable')
    .description('let a disabled user sign in again')
    .argument('<username>')
    .addHelpText('after', needs)
    .action((username: string) => perform((context) => setDisabled(context, username, false)))

  users
    .command('set-password')
    .description('give a user a new password; all sessions of the user end')
    .argument('<username>')
    .option(...passwordFromStdin)
    .addHelpText('after', `${needs} ${publicationHelp}\nA generated password is shown once, and not stored.`)
    .action((username: string, { passwordStdin }: CreateOptions) =>
      perform((context) => setPassword(context, username, passwordStdin ?? false))
    )

  users
    .command('end-sessions')
    .description('end all sessions of a user, who may sign in again')
    .argument('<username>')
    .addHelpText('after', `${needs} ${publicationHelp}`)
    .action((username: string) => perform((context) => endSessions(context, username)))

  users
    .command('reset-factors')
    .description('remove all second factors of a user who has lost them; all sessions of the user end')
    .argument('<username>')
    .addHelpText(
      'after',
      `${needs} ${publicationHelp}\nMake sure that it is the user who asks: anybody who knows the password can sign in then.`
    )
    .action((username: string) => perform((context) => resetFactors(context, username)))

  users
    .command('delete')
    .description('delete a user permanently; all sessions of the user end')
    .argument('<username>')
    .option('--yes', 'do it: it cannot be undone')
    .addHelpText('after', `${needs} ${publicationHelp}\nThe last enabled admin stays.`)
    .action((username: string, { yes }: { yes?: true }) =>
      perform((context) => deleteUser(context, username, yes === true))
    )
}

async function create(context: CommandContext, name: string, options: CreateOptions): Promise<CommandResult> {
  const username = requireUsername(name)
  const email = parseOption(registerBody.shape.email, options.email, '--email')
  const roles = parseOption(userChangeBody.shape.roles, [...new Set(options.role ?? [])], '--role') ?? []
  const password = await choosePassword(context, username.display, options.passwordStdin ?? false)
  const { users, openPasswords } = await context.parts.openAccounts()
  const passwordHash = await (await openPasswords()).hash(password.text, ownFlow)
  const user = await users.create({ username, email, passwordHash, roles, origin: ownOrigin })
  if (!user) throw new RefusedError('username_taken', 'This username is taken.')
  return {
    document: { ...userSummary({ ...user, disabledAt: null, deletionAt: null }), ...password.shown },
    text: `Created the user ${user.username} (${user.id}).${password.line}`
  }
}

async function invite({ parts }: CommandContext, address: string, options: InviteOptions): Promise<CommandResult> {
  const email = parseOption(invitationBody.shape.email, address, 'email')
  const username = options.username === undefined ? undefined : requireUsername(options.username)
  const roles = parseOption(invitationBody.shape.roles, [...new Set(options.role ?? [])], '--role')
  const language = parseOption(invitationBody.shape.language, options.language, '--language')
  const invitations = await parts.openInvitations()
  const result = await invitations.create({ email, username, roles, language }, undefined)
  if (result.outcome !== 'created') throw refusedInvitation(result.outcome)
  return {
    document: invitationOnWire(result.invitation),
    text: `${email} is invited. The link in the mail is valid for seven days.`
  }
}

function refusedInvitation(outcome: InvitationRefusal): Error {
  switch (outcome) {
    case 'already_invited':
      return new RefusedError(outcome, 'This address is invited already.')
    case 'address_taken':
      return new RefusedError(outcome, 'A user has verified this e-mail address.')
    case 'too_many':
      return new RefusedError(outcome, 'This address got five invitations in the last hour. Try again later.')
    case 'not_an_admin':
      return new TypeError('A change without an actor is never refused for a role.')
  }
}

async function importFile(context: CommandContext, path: string, options: ImportOptions): Promise<CommandResult> {
  const { parts, note } = context
  const input = await openInput(path)
  const results = options.results === undefined ? undefined : await createFile(options.results)
  const { userImport } = await parts.openAccounts()
  const startedAt = performance.now()
  const isDryRun = options.dryRun === true
  const counts = { created: 0, unchanged: 0, username_taken: 0, address_taken: 0, duplicate: 0, refused: 0 }
  const batches = importUsers(linesOf(input), {
    users: userImport,
    unusableHash: await makeUnusableHash(ownHashFunctions),
    rules: { allowsFastHashes: options.allowFastHashes === true },
    author: { actorId: undefined, origin: ownOrigin },
    isDryRun
  })
  for await (const batch of batches) {
    for (const result of batch.results) {
      counts[result.outcome] += 1
      if (result.outcome !== 'created' && result.outcome !== 'unchanged') note(textOfLeftOut(result))
    }
    if (batch.lines % progressLines === 0) note(`${batch.lines} lines so far.`)
    await results?.write(
      batch.results,
      `${batch.lines} lines are done. Import the file again with another --results file.`
    )
  }
  await results?.close()
  const left = counts.username_taken + counts.address_taken + counts.duplicate + counts.refused
  const seconds = (performance.now() - startedAt) / 1000
  const members = { ...counts, dry_run: isDryRun }
  const text =
    `${counts.created} users ${isDryRun ? 'would be made' : 'were made'}, ${counts.unchanged} were there already, and ` +
    `${left} lines were left out (${seconds.toFixed(1)} s).`
  if (left > 0) throw new RefusedError('lines_left_out', text, members)
  return { document: members, text }
}

const progressLines = 10_000

async function exportFile(context: CommandContext, path: string, options: ExportOptions): Promise<CommandResult> {
  const withHashes = options.withHashes === true
  const { userExport } = await context.parts.openAccounts()
  const file = await createFile(path)
  let count = 0
  for await (const users of exportUsers(userExport, {
    withHashes,
    author: { actorId: undefined, origin: ownOrigin }
  })) {
    await file.write(users, 'It is not complete.')
    count += users.length
  }
  await file.close()
  return {
    document: { users: count, with_hashes: withHashes },
    text: `${count} users are in ${path}${withHashes ? ', with their hashes of passwords' : ''}.`
  }
}

async function openInput(path: string): Promise<Readable> {
  try {
    return (await open(path)).createReadStream()
  } catch (error) {
    throw new UsageError(`The file cannot be read (${codeOf(error)}): ${path}`)
  }
}

/** A file that was not there, for lines, and for its owner's eyes alone. */
async function createFile(path: string) {
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw new UsageError(`The file cannot be made (${codeOf(error)}): ${path}`)
  })
  return {
    /** @param advice what to say when the disk is full */
    async write(lines: readonly object[], advice: string): Promise<void> {
      try {
        await file.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
      } catch (error) {
        await file.close()
        throw new RefusedError('file_not_written', `The file cannot be written (${codeOf(error)}): ${path}. ${advice}`)
      }
    },
    close: () => file.close()
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code
}

function textOfLeftOut({ line, outcome, reason }: LineResult): string {
  switch (outcome) {
    case 'username_taken':
      return `Line ${line}: another user has this username.`
    case 'address_taken':
      return `Line ${line}: another user has verified this e-mail address.`
    case 'duplicate':
      return `Line ${line}: an earlier line has this external_id, username or verified address.`
    default:
      return `Line ${line}: ${reason}`
  }
}

async function list({ parts }: CommandContext, { search, limit, cursor }: ListOptions): Promise<CommandResult> {
  const place = placeInUsers({
    search: parseOption(userListQuery.shape.search, search, '--search'),
    limit: parseOption(userListQuery.shape.limit, limit, '--limit'),
    cursor: parseOption(userListQuery.shape.cursor, cursor, '--cursor')
  })
  const { administration } = await parts.openAccounts()
  const page = await administration.list(place)
  const document = userPage(page)
  const rows = page.users.map(({ id, username, roles, disabledAt, createdAt }) => [
    username,
    roles.join(',') || '-',
    disabledAt === null ? 'enabled' : 'disabled',
    textMoment(createdAt),
    id
  ])
  return {
    document,
    text: textTable([['USERNAME', 'ROLES', 'STATE', 'CREATED', 'ID'], ...rows]) + moreLine(document.next_cursor)
  }
}

async function setDisabled(context: CommandContext, name: string, isDisabled: boolean): Promise<CommandResult> {
  const username = requireUsername(name)
  const { users, administration } = await context.parts.openAccounts()
  const { id } = await requireUser(users, username)
  const { user, ended, published } = requireChanged(await administration.change(id, { isDisabled }, undefined))
  return {
    document: { ...userSummary(user), ...(isDisabled ? { sessions_ended: ended, published } : {}) },
    text: isDisabled
      ? `${user.username} is disabled. ${textOfEnded(ended)}`
      : `${user.username} is enabled, and may sign in.`
  }
}

async function setPassword(context: CommandContext, name: string, isOnStdin: boolean): Promise<CommandResult> {
  const username = requireUsername(name)
  const { users, openPasswords } = await context.parts.openAccounts()
  const user = await requireUser(users, username)
  const password = await choosePassword(context, user.username, isOnStdin)
  const result = await users.setPassword(user.id, await (await openPasswords()).hash(password.text, ownFlow))
  if (!result) throw unknownUser()
  return {
    document: { ...idAndName(user), sessions_ended: result.ended, published: result.published, ...password.shown },
    text: `${user.username} has a new password. ${textOfEnded(result.ended)}${password.line}`
  }
}

async function endSessions(context: CommandContext, name: string): Promise<CommandResult> {
  const username = requireUsername(name)
  const { users, administration } = await context.parts.openAccounts()
  const user = await requireUser(users, username)
  const { ended, published } = await administration.endSessions(user.id)
  return {
    document: { ...idAndName(user), sessions_ended: ended, published },
    text: `${textOfEnded(ended)} ${user.username} may sign in again.`
  }
}

async function resetFactors(context: CommandContext, name: string): Promise<CommandResult> {
  const username = requireUsername(name)
  const { users, secondFactors } = await context.parts.openAccounts()
  const user = await requireUser(users, username)
  const result = await secondFactors.reset({ userId: user.id, actorId: undefined })
  if (result.outcome !== 'reset') throw refusedChange(result)
  const { removed, ended, published } = result
  return {
    document: { ...idAndName(user), factors_removed: removed, sessions_ended: ended, published },
    text: `${user.username} has no second factor any more (there were ${removed}). ${textOfEnded(ended)}`
  }
}

async function deleteUser(context: CommandContext, name: string, isConfirmed: boolean): Promise<CommandResult> {
  const username = requireUsername(name)
  if (!isConfirmed) throw new UsageError('A deleted user cannot be brought back. Give --yes to do it.')
  const { users, administration } = await context.parts.openAccounts()
  const user = await requireUser(users, username)
  const result = await deleteWithSessions(administration, user.id, undefined)
  if (result.outcome !== 'deleted' && result.outcome !== 'leaving') throw refusedChange(result)
  return {
    document: { ...idAndName(user), sessions_ended: result.ended, published: result.published },
    text: `${user.username} is deleted. ${textOfEnded(result.ended)}`
  }
}

interface ChosenPassword {
  readonly text: string
  /** Which password is shown: only a generated one. */
  readonly shown: { readonly password?: string }
  readonly line: string
}

/** Never an argument of the command: other users of the machine could see it, and shells keep it in their history. */
async function choosePassword(
  { readPassword }: CommandContext,
  username: string,
  isOnStdin: boolean
): Promise<ChosenPassword> {
  if (!isOnStdin) {
    const text = randomBytes(15).toString('base64url')
    return { text, shown: { password: text }, line: `\nPassword, shown only once: ${text}` }
  }
  const text = await readPassword()
  const refusal = await refusalOfPassword(text, username)
  if (refusal !== undefined) throw new UsageError(refusal)
  return { text, shown: {}, line: '' }
}

function requireUsername(text: string): Username {
  const username = parseUsername(text)
  if (!username) throw new UsageError(`The username must be ${usernameRule}.`)
  return username
}

async function requireUser(users: Pick<UserStore, 'findCredentials'>, { key }: Username): Promise<UserCredentials> {
  const user = await users.findCredentials({ usernameKey: key, emailKey: undefined })
  if (!user) throw unknownUser()
  return user
}

function requireChanged(result: Announced<UserChangeOutcome>) {
  if (result.outcome === 'changed') return result
  throw refusedChange(result)
}

function refusedChange({ outcome }: { outcome: string }): Error {
  if (outcome === 'unknown') return unknownUser()
  if (outcome === 'last_admin') {
    return new RefusedError('last_admin', 'This would leave no enabled admin. Make another one first.')
  }
  return new TypeError('A change without an actor is never refused for a role.')
}

function unknownUser(): RefusedError {
  return new RefusedError('user_not_found', 'There is no user with this name.')
}

function idAndName({ id, username }: UserCredentials) {
  return { id, username }
}
