import { z } from 'zod'
import type { ExportedUser, ExportOptions, UserExport } from '../accounts/user-export.ts'
import { importLine } from './import-users.ts'

/** What is written of a user: a line that can be imported. */
export const exportLine = importLine.extend({ email: z.string().optional() }).meta({ id: 'ExportedUser' })
export type ExportLine = z.infer<typeof exportLine>

/**
 * All users in pages, in the order of their ids; a page is read when the one before was taken. Users who are made, changed or deleted
 * meanwhile may be there or not.
 */
export async function* exportUsers(users: UserExport, options: ExportOptions): AsyncGenerator<ExportLine[]> {
  await users.recordExport(options)
  for (let after: string | undefined; ; ) {
    const page = await users.readPage({ after, withHashes: options.withHashes })
    if (page.length === 0) return
    yield page.map(lineOf)
    after = page.at(-1)?.id
  }
}

function lineOf(user: ExportedUser): ExportLine {
  return {
    external_id: user.externalId ?? user.id,
    username: user.username,
    ...(user.displayName !== null && { display_name: user.displayName }),
    ...(user.email !== null && { email: user.email }),
    ...(user.isEmailVerified && { email_verified: true }),
    ...(user.passwordHash !== null && { password_hash: user.passwordHash }),
    roles: [...user.roles],
    created_at: user.createdAt.toISOString(),
    ...(user.isDisabled && { disabled: true })
  }
}
