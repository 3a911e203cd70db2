import { open, rm } from 'node:fs/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { type ClientKeyPair, clientKeyAlgorithms, generateClientKeyPair } from '../../clients/client-key-pair.ts'
import type { CommandResult, Perform } from '../command.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { parseOption } from '../options.ts'

interface MakeKeyOptions {
  algorithm?: string
  outPrivate?: string
  outJwks?: string
}

/** `countersign clients make-key` */
export function addMakeKey(clients: Command, perform: Perform): void {
  clients
    .command('make-key')
    .description('generate a key pair with which a client authenticates (private_key_jwt)')
    .option('--algorithm <algorithm>', clientKeyAlgorithms.join(', '), clientKeyAlgorithms[0])
    .option(
      '--out-private <file>',
      'the file for the private key (PKCS#8 PEM), readable only by its owner; otherwise the key is shown'
    )
    .option('--out-jwks <file>', 'where the public key goes (JWKS), for "clients create --jwks-file"; else it is shown')
    .addHelpText('after', '\nNeeds no variable, and keeps nothing. A file that is there is never written over.')
    .action((options: MakeKeyOptions) => perform(() => makeKey(options)))
}

async function makeKey({ algorithm, outPrivate, outJwks }: MakeKeyOptions): Promise<CommandResult> {
  const pair = await generateClientKeyPair(parseOption(z.enum(clientKeyAlgorithms), algorithm, '--algorithm'))
  const jwks = JSON.stringify(pair.jwks)
  if (outPrivate !== undefined) await writeNew('--out-private', outPrivate, pair.privateKey, 0o600)
  try {
    if (outJwks !== undefined) await writeNew('--out-jwks', outJwks, jwks, 0o644)
  } catch (error) {
    if (outPrivate !== undefined) await rm(outPrivate, { force: true })
    throw error
  }
  return {
    document: {
      kid: pair.kid,
      ...(outPrivate === undefined ? { private_key: pair.privateKey } : {}),
      jwks: pair.jwks
    },
    text: textOf(pair, outPrivate, outJwks === undefined ? jwks : undefined)
  }
}

function textOf({ kid, privateKey }: ClientKeyPair, outPrivate: string | undefined, jwks: string | undefined): string {
  return [
    `Generated the key ${kid}.`,
    ...(outPrivate === undefined ? [`\nThe private key, shown only once:\n\n${privateKey.trimEnd()}`] : []),
    ...(jwks === undefined ? [] : [`\nThe public key, to be registered:\n\n${jwks}`])
  ].join('\n')
}

async function writeNew(option: string, file: string, text: string, mode: number): Promise<void> {
  try {
    const handle = await open(file, 'wx', mode)
    try {
      await handle.writeFile(`${text.trimEnd()}\n`)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new RefusedError('file_exists', `${option}: there is a file already, and it stays.`)
    throw new UsageError(`${option}: cannot be written (${code}).`)
  }
}
