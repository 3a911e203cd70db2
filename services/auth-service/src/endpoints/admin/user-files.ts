import type { UserExport } from '../../accounts/user-export.ts'
import type { UserImport } from '../../accounts/user-import.ts'
import { LineStream } from '../../routing/line-stream.ts'
import { defineRoute } from '../../routing/route.ts'
import { exportLine, exportUsers } from '../../user-files/export-users.ts'
import { importLine, importUsers, type LineResult, lineResult } from '../../user-files/import-users.ts'
import { userImportQuery } from '../../wire/users.ts'

export interface UserFilesDeps {
  exportedUsers: UserExport
  importedUsers: UserImport
  /** A hash that no password matches. */
  unusableHash: string
}

/**
 * `POST /admin/users/import`: makes users of another system. It responds when all lines are read: many clients read no response before
 * they have sent their request.
 */
export const importUserLines = defineRoute(
  {
    method: 'post',
    path: '/admin/users/import',
    summary: 'Import users of another system: NDJSON of at most 16 MiB; the response has a line for each line',
    access: 'admin',
    query: userImportQuery,
    body: importLine,
    bodyFormat: 'ndjson',
    response: { status: 200, schema: lineResult, isLineStream: true }
  },
  ({ importedUsers, unusableHash }: UserFilesDeps) =>
    async ({ query, body, accessToken, origin }) => {
      const batches: (readonly LineResult[])[] = []
      const imported = importUsers(body, {
        users: importedUsers,
        unusableHash,
        rules: { allowsFastHashes: query.allow_fast_hashes === 'true' },
        author: { actorId: accessToken.sub, origin },
        isDryRun: query.dry_run === 'true'
      })
      for await (const { results } of imported) batches.push(results)
      return new LineStream(batches)
    }
)

/** `GET /admin/users/export`: all users, as lines that can be imported; hashes of passwords are for the command line alone. */
export const exportUserLines = defineRoute(
  {
    method: 'get',
    path: '/admin/users/export',
    summary: 'All users, without hashes of passwords, as NDJSON that can be imported',
    access: 'admin',
    response: { status: 200, schema: exportLine, isLineStream: true }
  },
  ({ exportedUsers }: UserFilesDeps) =>
    ({ accessToken, origin }) =>
      new LineStream(exportUsers(exportedUsers, { withHashes: false, author: { actorId: accessToken.sub, origin } }))
)
