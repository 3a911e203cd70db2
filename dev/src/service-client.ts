/** The resource-service as a client of the issuer: it reads the statistics for its dashboard with its own token. */

import { join } from 'node:path'
import { Readable } from 'node:stream'
import { runCommandLine } from '@countersign/auth-service/cli'
import { StartError } from '@countersign/service-kit'
import { readIfThere, writeWhole } from './data-folder.ts'

export const serviceClientId = 'resource-service'

export interface ServiceClientOptions {
  readonly secretsDir: string
  /** URL of a migrated database. */
  readonly databaseUrl: string
  readonly issuer: string
  readonly apiUrl: string
  onNote(note: string): void
}

/**
 * Makes the key of the resource-service once, and registers it at each start, since the ports and so the issuer may have
 * changed. A disabled client stays disabled.
 * @returns the private key in PEM
 */
export async function registerServiceClient(options: ServiceClientOptions): Promise<string> {
  const { secretsDir, databaseUrl, issuer, apiUrl, onNote } = options
  const pair = await readOrMakeKey(join(secretsDir, 'resource-service-key.json'))
  const jwksFile = join(secretsDir, 'resource-service.jwks.json')
  await writeWhole(jwksFile, JSON.stringify(pair.jwks), 0o600)
  const policy = ['--scope', 'statistics:read', '--audience', issuer, '--resource', apiUrl]
  const command = ['clients', 'create', serviceClientId, '--or-change', '--jwks-file', jwksFile, ...policy]
  const { code, document } = await run(command, databaseUrl)
  // An operator may have made another client of this name. Everything but the dashboard works without.
  if (code !== 0) onNote(`The admin dashboard will have no figures: ${String(document.error_description)}`)
  return pair.private_key
}

/** The output of `clients make-key`. */
interface KeyPair {
  readonly private_key: string
  readonly jwks: unknown
}

/** Both halves in one file: so there are both or none. */
async function readOrMakeKey(file: string): Promise<KeyPair> {
  const known = parseKeyPair(await readIfThere(file))
  if (known) return known
  const { code, document } = await run(['clients', 'make-key'])
  if (code !== 0) throw new StartError(`The key of the resource-service cannot be made (${String(document.error)}).`)
  await writeWhole(file, JSON.stringify(document), 0o600)
  return document as unknown as KeyPair
}

/** A damaged file counts as missing: the new key is registered in a moment. */
function parseKeyPair(text: string | undefined): KeyPair | undefined {
  try {
    const { private_key, jwks } = JSON.parse(text ?? '')
    return typeof private_key === 'string' && jwks ? { private_key, jwks } : undefined
  } catch {
    return undefined
  }
}

async function run(args: readonly string[], databaseUrl?: string) {
  let output = ''
  const code = await runCommandLine([...args, '--json'], {
    environment: async () => ({ DATABASE_URL: databaseUrl }),
    stdin: Readable.from([]),
    stdout: {
      write(text) {
        output += text
      }
    },
    // The service that is about to start publishes the revocations of a change.
    stderr: { write: () => {} }
  })
  return { code, document: JSON.parse(output) as Record<string, unknown> }
}
