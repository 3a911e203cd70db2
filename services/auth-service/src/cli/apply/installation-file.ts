import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { apiBody } from '../../wire/apis.ts'
import { clientBody } from '../../wire/clients.ts'
import { type ProviderBody, providerBody } from '../../wire/providers.ts'
import { roleBody } from '../../wire/roles.ts'
import { contentOf } from '../commands/providers.ts'
import { UsageError } from '../failures.ts'

const maxFileBytes = 1024 * 1024
const maxEntries = 1000

const { client_secret: _secret, apple_key: appleKey, ...providerSettings } = providerBody.shape
const { private_key: _key, ...appleKeyMembers } = appleKey.unwrap().shape
const secretFile = z.string().min(1).max(4096)

/** The file is kept with the sources of an installation: what is secret is in files of its own. */
const providerEntry = z.strictObject({
  ...providerSettings,
  client_secret_file: secretFile.optional(),
  apple_key: z.strictObject({ ...appleKeyMembers, private_key_file: secretFile }).optional()
})

/** What an installation is to have. Each entry is as `POST /admin/apis`, `/admin/roles`, `/admin/clients` and `/admin/providers` take it. */
const installationSchema = z.strictObject({
  apis: entries(apiBody, ({ identifier }) => identifier),
  roles: entries(roleBody, ({ name }) => name),
  clients: entries(clientBody, ({ client_id: id }) => id),
  providers: entries(providerEntry, ({ id }) => id)
})
export type Installation = Omit<z.infer<typeof installationSchema>, 'providers'> & {
  readonly providers: ProviderBody[]
}

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
  if (!result.success) throw doesNotFit(result.error)
  const folder = file === '-' ? process.cwd() : dirname(resolve(file))
  const providers = await Promise.all(result.data.providers.map((entry) => withSecrets(entry, folder)))
  const whole = z.object({ providers: z.array(providerBody) }).safeParse({ providers })
  if (!whole.success) throw doesNotFit(whole.error)
  return { ...result.data, ...whole.data }
}

/** The paths are as from the folder of the file. */
async function withSecrets(
  { client_secret_file: secretPath, apple_key: key, ...settings }: z.infer<typeof providerEntry>,
  folder: string
): Promise<unknown> {
  const read = (path: string) => contentOf(resolve(folder, path))
  const { private_key_file: keyPath, ...ids } = key ?? {}
  return {
    ...settings,
    ...(secretPath !== undefined && { client_secret: (await read(secretPath)).trim() }),
    ...(keyPath !== undefined && { apple_key: { ...ids, private_key: await read(keyPath) } })
  }
}

function doesNotFit({ issues }: z.ZodError): UsageError {
  const mistakes = issues.map(({ path, message }) => `  ${path.join('.') || 'the file'}: ${message}`)
  return new UsageError(`The file does not fit:\n${mistakes.slice(0, 20).join('\n')}`)
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
