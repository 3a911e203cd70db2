import { readFile } from 'node:fs/promises'
import { InvalidRequestError } from '@countersign/oauth'
import { parseWith } from '@countersign/service-kit'
import type { Command } from 'commander'
import type { z } from 'zod'
import { providerKinds } from '../../providers/provider.ts'
import type { AdministeredProvider } from '../../providers/provider-administration.ts'
import { redirectUriOf } from '../../providers/provider-sign-in.ts'
import {
  newProviderOf,
  providerBody,
  providerChangeBody,
  providerChangeOf,
  providerOnWire
} from '../../wire/providers.ts'
import type { ProviderParts } from '../cli-dependencies.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { collect } from '../options.ts'
import { textTable } from '../text-table.ts'

interface SettingOptions {
  name?: string
  clientId?: string
  clientSecretFile?: string
  teamId?: string
  keyId?: string
  privateKeyFile?: string
  scope?: string[]
  domain?: string[]
  trustAmr?: boolean
}

interface CreateOptions extends SettingOptions {
  kind?: string
  issuer?: string
}

interface ChangeOptions extends SettingOptions {
  domains?: boolean
  enable?: boolean
  disable?: boolean
}

const needs =
  '\nNeeds DATABASE_URL; COUNTERSIGN_MASTER_KEY, which seals the secret; and PAGES_URL, to show the redirect URI.'

/** `countersign providers …` */
export function addProviders(program: Command, perform: Perform): void {
  const providers = program.command('providers').description('the other services with which users can sign in')

  providers
    .command('list')
    .description('the providers, by name, without secrets')
    .addHelpText('after', '\nNeeds DATABASE_URL, and PAGES_URL to show the redirect URIs.')
    .action(() => perform(list))

  addSettings(
    providers
      .command('create')
      .description('set up a provider with which users can sign in')
      .argument('<id>', 'in its redirect URI: lower-case letters, digits and hyphens')
      .option('--kind <kind>', `${providerKinds.join(', ')}; default: the id if it is one of these, or else oidc`)
      .option('--issuer <url>', 'required for oidc; the others have one')
  )
    .addHelpText('after', needs)
    .action((id: string, options: CreateOptions) => perform((context) => create(context, id, options)))

  addSettings(
    providers
      .command('change')
      .description('change or disable a provider; a disabled one accepts no sign-ins')
      .argument('<id>')
  )
    .option('--no-domains', 'trusted for no domains from now on')
    .option('--enable', 'let users sign in with it')
    .option('--disable', 'let nobody sign in with it')
    .addHelpText('after', needs)
    .action((id: string, options: ChangeOptions) => perform((context) => change(context, id, options)))

  providers
    .command('delete')
    .description('delete a provider')
    .argument('<id>')
    .option('--with-identities', 'even if users sign in with it; those without another way are locked out')
    .addHelpText('after', '\nNeeds DATABASE_URL.')
    .action((id: string, options: { withIdentities?: boolean }) => perform((context) => remove(context, id, options)))
}

function addSettings(command: Command): Command {
  return command
    .option('--name <name>', 'as people know it')
    .option('--client-id <id>', 'what this service is called there')
    .option('--client-secret-file <file>', 'holds the secret that this service has there')
    .option('--team-id <id>', 'at Apple')
    .option('--key-id <id>', 'at Apple')
    .option('--private-key-file <file>', "Apple's .p8 file")
    .option('--scope <scope>', 'what is asked for there, if not the default; may be given several times', collect)
    .option('--domain <domain>', 'trusted for addresses of this domain; may be given several times', collect)
    .option('--trust-amr', 'what it says of second factors counts here')
}

async function list({ parts }: CommandContext): Promise<CommandResult> {
  const { providers, pagesUrl } = await parts.openProviders()
  const all = await providers.list()
  const rows = all.map(({ id, name, kind, isEnabled, identities, issuer }) => [
    id,
    name,
    kind,
    isEnabled ? 'enabled' : 'disabled',
    String(identities),
    issuer
  ])
  return {
    document: { providers: all.map((one) => onWire(one, pagesUrl)) },
    text:
      rows.length === 0
        ? 'Users sign in with their passwords alone.'
        : textTable([['ID', 'NAME', 'KIND', 'STATE', 'IDENTITIES', 'ISSUER'], ...rows])
  }
}

async function create({ parts }: CommandContext, id: string, options: CreateOptions): Promise<CommandResult> {
  const { kind = providerKinds.find((one) => one === id) ?? 'oidc', issuer } = options
  const body = read(providerBody, { id, kind, issuer, ...(await settingsOf(options)) })
  const provider = orUsage(() => newProviderOf(body))
  const { providers, pagesUrl } = await parts.openProviders()
  const result = await providers.create(provider, undefined)
  if (result.outcome === 'issuer_taken') throw issuerTaken()
  if (!('provider' in result)) throw new RefusedError('provider_taken', 'There is a provider with this id.')
  return shown(result.provider, pagesUrl, `Users can sign in with ${result.provider.name}.`)
}

async function change({ parts }: CommandContext, id: string, options: ChangeOptions): Promise<CommandResult> {
  if (options.enable && options.disable) throw new UsageError('Give --enable or --disable, not both.')
  const body = read(providerChangeBody, {
    ...(await settingsOf(options)),
    ...(options.domains === false && { authoritative_domains: [] }),
    ...(options.enable && { enabled: true }),
    ...(options.disable && { enabled: false })
  })
  const { providers, pagesUrl } = await parts.openProviders()
  const before = await providers.find(id)
  if (!before) throw unknownProvider()
  const result = await providers.change(
    id,
    orUsage(() => providerChangeOf(before.kind, body)),
    undefined
  )
  if (!('provider' in result)) throw unknownProvider()
  return shown(result.provider, pagesUrl, `Changed the provider ${id}.`)
}

async function remove(
  { parts }: CommandContext,
  id: string,
  { withIdentities = false }: { withIdentities?: boolean }
): Promise<CommandResult> {
  const { providers } = await parts.openProviders()
  switch (await providers.delete(id, { withIdentities }, undefined)) {
    case 'deleted':
      return { document: { id }, text: `Deleted the provider ${id}.` }
    case 'in_use':
      throw new RefusedError('provider_in_use', 'Users sign in with it. Disable it, or delete it --with-identities.')
    case 'unknown':
      throw unknownProvider()
    case 'not_an_admin':
      throw new TypeError('A change without an actor is never refused for a role.')
  }
}

/** The settings in the shape of a request body, so that both are checked alike. */
async function settingsOf(options: SettingOptions): Promise<Record<string, unknown>> {
  const { clientSecretFile, privateKeyFile, teamId, keyId } = options
  const isApple = [privateKeyFile, teamId, keyId].some((one) => one !== undefined)
  const settings = {
    name: options.name,
    client_id: options.clientId,
    client_secret: clientSecretFile === undefined ? undefined : (await contentOf(clientSecretFile)).trim(),
    apple_key: isApple
      ? {
          team_id: teamId,
          key_id: keyId,
          private_key: privateKeyFile === undefined ? undefined : await contentOf(privateKeyFile)
        }
      : undefined,
    scopes: options.scope,
    authoritative_domains: options.domain,
    trusts_amr: options.trustAmr
  }
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

export async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    throw new UsageError(`The file ${file} cannot be read.`)
  }
}

function read<T>(schema: z.ZodType<T>, value: Record<string, unknown>): T {
  const given = Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
  return orUsage(() => parseWith(schema, given) as T)
}

/** The same sentences as of the API. */
function orUsage<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof InvalidRequestError) throw new UsageError(error.description)
    throw error
  }
}

function shown(provider: AdministeredProvider, pagesUrl: string | undefined, text: string): CommandResult {
  const document = onWire(provider, pagesUrl)
  const uri = document.redirect_uri
  return { document, text: uri === null ? text : `${text}\nIts redirect URI, to be registered there: ${uri}` }
}

function onWire(provider: AdministeredProvider, pagesUrl: ProviderParts['pagesUrl']) {
  return providerOnWire(provider, pagesUrl === undefined ? null : redirectUriOf(pagesUrl, provider.id))
}

export function issuerTaken(): RefusedError {
  return new RefusedError(
    'issuer_taken',
    'Another provider has this issuer. An identity there would belong to both. See: countersign providers list'
  )
}

function unknownProvider(): RefusedError {
  return new RefusedError('provider_not_found', 'There is no provider with this id. See: countersign providers list')
}
