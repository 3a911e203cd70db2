import { AccessDeniedError } from '@countersign/oauth'
import { maxLineLength } from '@countersign/service-kit'
import { z } from 'zod'
import { parseDisplayName } from '../accounts/display-names.ts'
import { emailKeyOf, isMailable, mailableRule } from '../accounts/email-addresses.ts'
import type { ImportedUser, ImportOptions, ImportOutcome, UserImport } from '../accounts/user-import.ts'
import { parseUsername, usernameRule } from '../accounts/usernames.ts'
import { ImportedHashError, type ImportRules, readImportedHash } from '../passwords/imported-hashes.ts'
import { anyEmail } from '../wire/account.ts'
import { userChangeBody } from '../wire/users.ts'

/** What a line says. */
export const importLine = z
  .strictObject({
    external_id: z.string().min(1).max(256).refine(isText, { error: 'must be Unicode without zero bytes' }),
    username: z.string(),
    display_name: z.string().max(1024).optional(),
    email: anyEmail.optional(),
    email_verified: z.boolean().optional(),
    password_hash: z.string().optional(),
    roles: userChangeBody.shape.roles,
    // Postgres knows fewer years than RFC 3339.
    created_at: z.iso
      .datetime({ offset: true })
      .refine((text) => Date.parse(text) >= 0 && Date.parse(text) < Date.UTC(10_000, 0), {
        error: 'must be a moment of the years 1970 to 9999'
      })
      .optional(),
    disabled: z.boolean().optional()
  })
  .meta({ id: 'ImportedUser' })

/** What became of a line; a line that is refused changes nothing. */
export const lineResult = z
  .object({
    line: z.int(),
    external_id: z.string().nullable(),
    outcome: z.enum(['created', 'unchanged', 'username_taken', 'address_taken', 'duplicate', 'refused']),
    reason: z.string().optional().meta({ description: 'why it was refused' })
  })
  .meta({ id: 'ImportedLine' })
export type LineResult = Readonly<z.infer<typeof lineResult>>

export interface ImportDeps extends ImportOptions {
  readonly users: UserImport
  readonly rules: ImportRules
}

/** What became of some lines, in their order. */
export interface ImportedLines {
  /** How many lines are done, with those before. */
  readonly lines: number
  readonly results: readonly LineResult[]
}

const batchSize = 1000

/**
 * Imports users from NDJSON: one JSON object in each line. A line that cannot be used stops nothing. What is there already, by its
 * external id, is left as it is: so the same lines can be imported again. Each batch is read when the one before was taken.
 * @throws {AccessDeniedError} when the actor is no longer an admin; what was imported before stays
 */
export async function* importUsers(source: AsyncIterable<string>, deps: ImportDeps): AsyncGenerator<ImportedLines> {
  const isRepeated = createRepetitionCheck()
  let lines = 0
  for await (const texts of batchesOf(source)) {
    const results: LineResult[] = []
    const users: ImportedUser[] = []
    for (const text of texts) {
      lines += 1
      if (text.trim() === '') continue
      const read = readLine(text, lines, deps.rules)
      if ('outcome' in read) results.push(read)
      else if (isRepeated(read)) results.push(resultOf(read, 'duplicate'))
      else users.push(read)
    }
    results.push(...(await importBatch(users, deps)))
    yield { lines, results: results.sort((one, other) => one.line - other.line) }
  }
}

async function* batchesOf(source: AsyncIterable<string>): AsyncGenerator<string[]> {
  let batch: string[] = []
  for await (const text of source) {
    batch.push(text)
    if (batch.length < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** A dry run undoes each batch, and does not find there what it has imported before. */
function createRepetitionCheck(): (user: ImportedUser) => boolean {
  const [externalIds, usernames, addresses] = [new Set<string>(), new Set<string>(), new Set<string>()]
  return ({ externalId, username, email, isEmailVerified }) => {
    const address = email !== undefined && isEmailVerified ? emailKeyOf(email) : undefined
    const hasAddress = address !== undefined && addresses.has(address)
    if (externalIds.has(externalId) || usernames.has(username.key) || hasAddress) return true
    externalIds.add(externalId)
    usernames.add(username.key)
    if (address !== undefined) addresses.add(address)
    return false
  }
}

async function importBatch(users: readonly ImportedUser[], deps: ImportDeps): Promise<LineResult[]> {
  if (users.length === 0) return []
  const results = await deps.users.importBatch(users, deps)
  if (results === 'not_an_admin') throw new AccessDeniedError({ description: 'You are no longer an admin.' })
  const ofLines = new Map(users.map((user) => [user.line, user]))
  return results.map(({ line, outcome }) => resultOf(ofLines.get(line) as ImportedUser, outcome))
}

function resultOf({ line, externalId }: ImportedUser, outcome: ImportOutcome): LineResult {
  return { line, external_id: externalId, outcome }
}

function readLine(text: string, number: number, rules: ImportRules): ImportedUser | LineResult {
  const refused = (reason: string, id: string | null = null): LineResult => ({
    line: number,
    external_id: id,
    outcome: 'refused',
    reason
  })
  if (text.length > maxLineLength) return refused(`The line has more than ${maxLineLength} characters.`)
  // What stands for bytes that are not UTF-8.
  if (text.includes('\ufffd')) return refused('The line is not in UTF-8.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refused('The line is not JSON.')
  }
  const { success, data, error } = importLine.safeParse(value)
  if (!success) {
    const { path, message } = error.issues[0] as z.core.$ZodIssue
    return refused(`${path.length === 0 ? 'The line' : path.join('.')}: ${message}.`)
  }
  const username = parseUsername(data.username)
  if (!username) return refused(`The username must be ${usernameRule}.`, data.external_id)
  if (data.email_verified && (data.email === undefined || !isMailable(data.email))) {
    return refused(`email_verified: the e-mail address must be ${mailableRule}.`, data.external_id)
  }
  try {
    if (data.password_hash !== undefined) readImportedHash(data.password_hash, rules)
  } catch (failure) {
    if (failure instanceof ImportedHashError) return refused(failure.message, data.external_id)
    throw failure
  }
  return {
    line: number,
    externalId: data.external_id,
    username,
    // It is only shown: one that cannot be kept is no reason to leave out its user.
    displayName: parseDisplayName(data.display_name ?? ''),
    email: data.email,
    isEmailVerified: data.email_verified ?? false,
    passwordHash: data.password_hash,
    roles: [...new Set(data.roles ?? [])],
    createdAt: data.created_at === undefined ? undefined : new Date(data.created_at),
    isDisabled: data.disabled ?? false
  }
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
