import { type Command, Option } from 'commander'
import { canonicalJson } from '../../clients/canonical-json.ts'
import { applicationTypes, type Client, clientAuthMethods } from '../../clients/client.ts'
import type { ClientChange, ClientChangeOutcome, NewClient } from '../../clients/client-administration.ts'
import { firstPartyClientId } from '../../clients/client-rules.ts'
import { firstSecretOf, generateClientSecret, hashClientSecret, hasSecrets } from '../../clients/client-secrets.ts'
import type { Announced } from '../../revocation/announcing.ts'
import { clientListQuery, clientOnWire } from '../../wire/clients.ts'
import { publicationHelp } from '../announcement.ts'
import type { ClientParts } from '../cli-dependencies.ts'
import { type ClientOptions, readClient, requireClientId } from '../client-options.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { RefusedError } from '../failures.ts'
import { collect, parseOption } from '../options.ts'
import { moreLine, textMoment, textTable } from '../text-table.ts'
import { addMakeKey } from './client-keys.ts'

const needs = '\nNeeds DATABASE_URL.'

interface CreateOptions extends ClientOptions {
  ifAbsent?: boolean
  orChange?: boolean
}

interface ListOptions {
  limit?: string
  cursor?: string
}

/** `countersign clients …` */
export function addClients(program: Command, perform: Perform): void {
  const clients = program.command('clients').description('services and applications that have tokens of their own')
  addCreate(clients, perform)

  clients
    .command('list')
    .description('the clients, in the order of their ids')
    .option('--limit <count>', 'how many, 1 to 100', '20')
    .option('--cursor <cursor>', 'where to continue: the cursor that the page before shows')
    .addHelpText('after', needs)
    .action((options: ListOptions) => perform((context) => list(context, options)))

  clients
    .command('disable')
    .description('disable a client: it gets no new tokens, and those it has are rejected')
    .argument('<id>')
    .addHelpText('after', `${needs} ${publicationHelp}`)
    .action((id: string) => perform((context) => setDisabled(context, id, true)))

  clients
    .command('enable')
    .description('let a disabled client get tokens again')
    .argument('<id>')
    .addHelpText('after', needs)
    .action((id: string) => perform((context) => setDisabled(context, id, false)))

  clients
    .command('rotate-secret')
    .description('create a new secret for a client; the previous one stays valid until drop-secret')
    .argument('<id>')
    .addHelpText(
      'after',
      `${needs} The secret is shown once, and not stored. Adding a third secret invalidates the oldest.`
    )
    .action((id: string) => perform((context) => rotateSecret(context, id)))

  clients
    .command('drop-secret')
    .description('keep only the newest secret of a client; its tokens are rejected')
    .argument('<id>')
    .addHelpText('after', `${needs} ${publicationHelp}`)
    .action((id: string) => perform((context) => dropSecret(context, id)))

  addMakeKey(clients, perform)
}

function addCreate(clients: Command, perform: Perform): void {
  clients
    .command('create')
    .description('register a client')
    .argument('<id>')
    .option('--name <text>', 'for people; by default the id')
    .option(
      '--auth-method <method>',
      `how it authenticates itself: ${clientAuthMethods.join(', ')}`,
      clientAuthMethods[0]
    )
    .option(
      '--grant-type <type>',
      'what it may ask for: client_credentials, authorization_code, refresh_token, token-exchange; by default the first, with a redirect URI the next two',
      collect
    )
    .option('--scope <scope>', 'a scope that its tokens may have', collect)
    .option('--audience <name>', 'what its tokens may be for', collect)
    .option('--resource <name>', 'what it is itself, as tokens name it', collect)
    .option('--may-act-for <id>', 'a client whose users it may act for, by token exchange', collect)
    .option('--may-carry-roles', "its tokens for users carry the users' roles")
    .option('--may-unbind-tokens', 'it may exchange tokens that are bound to a key without a proof of that key')
    .option(
      '--exchange <rule>',
      'an API whose tokens it may exchange, and for what: "FROM [SCOPE] > TO SCOPE …"',
      collect
    )
    .option('--jwks-file <file>', 'its public keys, for private_key_jwt')
    .option('--jwks-uri <url>', 'where it publishes them itself')
    .option('--ttl <seconds>', 'lifetime of its own tokens, if not the default')
    .option('--redirect-uri <uri>', 'where users are sent back to after signing in', collect)
    .option('--post-logout-redirect-uri <uri>', 'where users are sent back to after signing out', collect)
    .option('--application-type <type>', `where it runs: ${applicationTypes.join(' or ')}`, applicationTypes[0])
    .option('--first-party', 'users are not asked for their consent')
    .option('--without-pkce', 'it may sign users in without PKCE: for old clients that authenticate themselves')
    .option('--backchannel-logout-uri <url>', 'where it is notified of logouts')
    .option('--logo-uri <url>', 'its logo, for the consent page')
    .option('--policy-uri <url>', 'its privacy policy')
    .option('--tos-uri <url>', 'its terms of service')
    .option('--id-token-ttl <seconds>', 'lifetime of its ID tokens; by default that of access tokens')
    .addOption(new Option('--if-absent', 'leave an existing client as it is').conflicts('orChange'))
    .option('--or-change', 'change an existing client to match; a disabled one stays disabled')
    .addHelpText(
      'after',
      `${needs} Scopes, grant types, audiences, resources, redirect URIs, --exchange and --may-act-for may be given several times. A secret is made up\n` +
        'for client_secret_basic and client_secret_post, shown once, and kept nowhere.'
    )
    .action((id: string, options: CreateOptions) => perform((context) => create(context, id, options)))
}

async function create(context: CommandContext, id: string, options: CreateOptions): Promise<CommandResult> {
  requireChangeable(id)
  const wanted = await readClient(id, options)
  const clients = await context.parts.openClients()
  const { secretHashes, shown } = firstSecretOf(wanted.authMethod)
  const result = await clients.administration.create({ ...wanted, secretHashes }, undefined)
  if (result.outcome === 'not_an_admin') throw operatorNeedsNoRole()
  if (result.outcome === 'created') {
    return {
      document: { ...clientOnWire(result.client), ...shown },
      text: `Registered the client ${result.client.id}.${secretLine(shown.client_secret)}`
    }
  }
  if (!options.ifAbsent && !options.orChange) {
    throw new RefusedError('client_id_taken', 'There is a client with this id. See: countersign clients list')
  }
  const before = await requireClient(clients, wanted.id)
  return options.orChange ? bringInLine(clients, before, wanted) : unchanged(before)
}

async function bringInLine(clients: ClientParts, before: Client, wanted: NewClient): Promise<CommandResult> {
  if (before.authMethod !== wanted.authMethod) {
    throw new RefusedError(
      'client_auth_method_differs',
      `The client is registered for ${before.authMethod}, which cannot be changed.`
    )
  }
  const { id: _id, authMethod: _authMethod, secretHashes: _secretHashes, ...change } = wanted
  // Each change is in the audit log: a start that finds everything in place leaves no trace.
  if (isLike(before, change)) return unchanged(before)
  const { client, published } = requireChanged(await clients.administration.change(before.id, change, undefined))
  return { document: { ...clientOnWire(client), published }, text: `Changed the client ${client.id}.` }
}

function isLike(before: Client, change: ClientChange): boolean {
  return Object.entries(change).every(([name, value]) => {
    const current = before[name as keyof Client]
    return canonicalJson(current) === canonicalJson(value)
  })
}

function unchanged(client: Client): CommandResult {
  return { document: clientOnWire(client), text: `The client ${client.id} exists, and stays as it is.` }
}

async function list({ parts }: CommandContext, options: ListOptions): Promise<CommandResult> {
  const limit = parseOption(clientListQuery.shape.limit, options.limit, '--limit')
  const after = parseOption(clientListQuery.shape.cursor, options.cursor, '--cursor')
  const { administration } = await parts.openClients()
  const { clients, next } = await administration.list({ after, limit })
  const rows = clients.map(({ id, authMethod, scopes, disabledAt, createdAt }) => [
    id,
    authMethod,
    scopes.join(' ') || '-',
    disabledAt === null ? 'enabled' : 'disabled',
    textMoment(createdAt)
  ])
  return {
    document: { clients: clients.map(clientOnWire), next_cursor: next ?? null },
    text: textTable([['ID', 'AUTHENTICATES BY', 'SCOPES', 'STATE', 'CREATED'], ...rows]) + moreLine(next)
  }
}

async function setDisabled(context: CommandContext, given: string, isDisabled: boolean): Promise<CommandResult> {
  const id = requireChangeable(given)
  const clients = await context.parts.openClients()
  const { client, published } = requireChanged(await clients.administration.change(id, { isDisabled }, undefined))
  return {
    document: { ...clientOnWire(client), ...(isDisabled ? { published } : {}) },
    text: isDisabled ? `${id} is disabled, and its tokens are rejected.` : `${id} is enabled, and may get tokens.`
  }
}

async function rotateSecret(context: CommandContext, given: string): Promise<CommandResult> {
  const id = requireChangeable(given)
  const clients = await context.parts.openClients()
  await requireSecretClient(clients, id)
  const secret = generateClientSecret()
  const { client } = requireChanged(
    await clients.administration.addSecret(id, { hash: hashClientSecret(secret) }, undefined)
  )
  return {
    document: { ...clientOnWire(client), client_secret: secret },
    text: `${id} has a new secret; the previous one stays valid until "clients drop-secret".${secretLine(secret)}`
  }
}

async function dropSecret(context: CommandContext, given: string): Promise<CommandResult> {
  const id = requireChangeable(given)
  const clients = await context.parts.openClients()
  await requireSecretClient(clients, id)
  const { client, published } = requireChanged(await clients.administration.dropOlderSecret(id, undefined))
  return {
    document: { ...clientOnWire(client), published },
    text: `Only the newest secret of ${id} is valid, and its tokens are rejected.`
  }
}

function requireChanged(result: Announced<ClientChangeOutcome>) {
  if (result.outcome === 'unknown') throw unknownClient()
  if (result.outcome !== 'changed') throw operatorNeedsNoRole()
  return result
}

function requireChangeable(text: string): string {
  const id = requireClientId(text)
  requireNotBuiltIn(id)
  return id
}

function requireNotBuiltIn(id: string): void {
  if (id !== firstPartyClientId) return
  throw new RefusedError('client_is_built_in', 'This client belongs to the issuer itself, and cannot be changed.')
}

async function requireClient({ administration }: ClientParts, id: string): Promise<Client> {
  const client = await administration.find(id)
  if (!client) throw unknownClient()
  return client
}

async function requireSecretClient(clients: ClientParts, id: string): Promise<void> {
  const { authMethod } = await requireClient(clients, id)
  if (hasSecrets(authMethod)) return
  throw new RefusedError('client_has_no_secret', 'This client does not authenticate itself by a secret.')
}

function unknownClient(): RefusedError {
  return new RefusedError('client_not_found', 'There is no client with this id. See: countersign clients list')
}

function operatorNeedsNoRole(): Error {
  return new TypeError('A change without an actor is never refused for a role.')
}

function secretLine(secret: string | undefined): string {
  return secret === undefined ? '' : `\nSecret, shown only once: ${secret}`
}
