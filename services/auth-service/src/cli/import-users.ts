import type { Readable } from 'node:stream'
import { z } from 'zod'
import type { ImportedUser, ImportOutcome, UserImport } from '../accounts/user-import.ts'
import { parseUsername, usernameRule } from '../accounts/usernames.ts'
import { ImportedHashError, type ImportRules, readImportedHash } from '../passwords/imported-hashes.ts'
import { registerBody } from '../wire/account.ts'
import { userChangeBody } from '../wire/users.ts'

/** What a line of the file says. */
const line = z.strictObject({
  external_id: z.string().min(1).max(256).refine(isText, { error: 'must be Unicode without zero bytes' }),
  username: z.string(),
  email: registerBody.shape.email,
  password_hash: z.string().optional(),
  roles: userChangeBody.shape.roles,
  created_at: z.iso.datetime({ offset: true }).optional(),
  disabled: z.boolean().optional()
})

/** What became of a line; a line that is refused changes nothing. */
export interface LineResult {
  readonly line: number
  readonly external_id: string | null
  readonly outcome: ImportOutcome | 'refused'
  /** Why it was refused. */
  readonly reason?: string
}

export interface ImportCounts {
  readonly created: number
  readonly unchanged: number
  readonly username_taken: number
  readonly duplicate: number
  readonly refused: number
}

export interface ImportDeps {
  readonly users: UserImport
  /** A hash that no password matches. */
  readonly unusableHash: string
  readonly rules: ImportRules
  readonly isDryRun: boolean
  onResult(result: LineResult): void
  /** After each batch: how many lines are done. */
  onProgress(lines: number): void
}

const batchSize = 1000
const maxLineBytes = 16_384

/**
 * Imports users from NDJSON: one JSON object in each line. A line that cannot be used stops nothing. What is there already, by its
 * external id, is left as it is: so the same file can be imported again.
 */
export async function importUsers(source: AsyncIterable<string>, deps: ImportDeps): Promise<ImportCounts> {
  const counts = { created: 0, unchanged: 0, username_taken: 0, duplicate: 0, refused: 0 }
  const report = (result: LineResult) => {
    counts[result.outcome] += 1
    deps.onResult(result)
  }
  let batch: ImportedUser[] = []
  let number = 0
  const flush = async () => {
    if (batch.length === 0) return
    const results = await deps.users.importBatch(batch, deps)
    const ids = new Map(batch.map((user) => [user.line, user.externalId]))
    for (const { line, outcome } of results) report({ line, external_id: ids.get(line) ?? null, outcome })
    batch = []
    deps.onProgress(number)
  }
  for await (const text of source) {
    number += 1
    if (text.trim() === '') continue
    const read = readLine(text, number, deps.rules)
    if ('outcome' in read) report(read)
    else batch.push(read)
    if (batch.length === batchSize) await flush()
  }
  await flush()
  return counts
}

function readLine(text: string, number: number, rules: ImportRules): ImportedUser | LineResult {
  const refused = (reason: string, id: string | null = null): LineResult => ({
    line: number,
    external_id: id,
    outcome: 'refused',
    reason
  })
  if (text.length > maxLineBytes) return refused(`The line has more than ${maxLineBytes} characters.`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refused('The line is not JSON.')
  }
  const { success, data, error } = line.safeParse(value)
  if (!success) {
    const { path, message } = error.issues[0] as z.core.$ZodIssue
    return refused(`${path.length === 0 ? 'The line' : path.join('.')}: ${message}.`)
  }
  const username = parseUsername(data.username)
  if (!username) return refused(`The username must be ${usernameRule}.`, data.external_id)
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
    email: data.email,
    passwordHash: data.password_hash,
    roles: [...new Set(data.roles ?? [])],
    createdAt: data.created_at === undefined ? undefined : new Date(data.created_at),
    isDisabled: data.disabled ?? false
  }
}

/** The lines of a file or of standard input, each cut off behind what can be used, so that no line fills the memory. */
export async function* linesOf(input: Readable): AsyncGenerator<string> {
  let held = ''
  for await (const chunk of input.setEncoding('utf8')) {
    const parts = (held + chunk).split('\n')
    held = (parts.pop() ?? '').slice(0, maxLineBytes + 1)
    yield* parts
  }
  if (held !== '') yield held
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}
