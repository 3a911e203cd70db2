import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { apiBody } from '../../wire/apis.ts'
import { clientBody } from '../../wire/clients.ts'
import { roleBody } from '../../wire/roles.ts'
import { UsageError } from '../failures.ts'

const maxFileBytes = 1024 * 1024
const maxEntries = 1000

/** What an installation is to have. Each entry is as `POST /admin/apis`, `/admin/roles` and `/admin/clients` take it. */
const installationSchema = z.strictObject({
  apis: entries(apiBody, ({ identifier }) => identifier),
  roles: entries(roleBody, ({ name }) => name),
  clients: entries(clientBody, ({ client_id: id }) => id)
})
export type Installation = z.infer<typeof installationSchema>

function entries<T extends z.ZodType>(schema: T, idOf: (entry: z.infer<T>) => string) {
  return z
    .array(schema)
    .max(maxEntries)
    .refine((all) => new Set(all.map(idOf)).size === all.length, { error: 'must name each once' })
    .default([])
}

/**
 * Reads an installation from a YAML or JSON file.
 * @throws {UsageError} that names every mistake and its place
 */
export async function readInstallation(file: string): Promise<Installation> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`The file cannot be read (${error.code}).`)
  })
  if (Buffer.byteLength(text) > maxFileBytes) throw new UsageError(`The file has more than ${maxFileBytes} bytes.`)
  const document = parseDocument(text, { prettyErrors: true })
  const [fault] = document.errors
  if (fault) throw new UsageError(`The file is not YAML: ${firstLineOf(fault.message)}`)
  const result = installationSchema.safeParse(toValue(document) ?? {})
  if (result.success) return result.data
  const mistakes = result.error.issues.map(({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`)
  throw new UsageError(`The file does not fit:\n${mistakes.slice(0, 20).join('\n')}`)
}

function toValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new UsageError(`The file is not YAML: ${firstLineOf(String((error as Error).message))}`)
  }
}

/** What follows quotes the file, in which there may be a secret by mistake. */
function firstLineOf(message: string): string {
  return (message.split('\n')[0] as string).replace(/:$/, '.')
}
