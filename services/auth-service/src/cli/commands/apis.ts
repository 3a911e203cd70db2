import type { Command } from 'commander'
import type { Api, ApiScope } from '../../apis/api.ts'
import type { ApiAdministration } from '../../apis/api-administration.ts'
import { apiBody, apiListQuery, apiOnWire, newApiOf } from '../../wire/apis.ts'
import { publicationHelp } from '../announcement.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { endSessions } from '../end-sessions.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { collect, parseOption } from '../options.ts'
import { moreLine, textTable } from '../text-table.ts'

const needs = '\nNeeds DATABASE_URL.'
export const nowHelp =
  'A scope that users lose is gone when their clients refresh the next time. With --now their sessions end: they sign in again.'
const scopeHelp = 'a scope and a sentence that people understand, as in "reports:read=Read reports"'

interface ApiOptions {
  name?: string
  carriesRoles?: boolean
  scope?: string[]
  ifAbsent?: boolean
}

interface ChangeOptions extends ApiOptions {
  dropScope?: string[]
  now?: boolean
}

/** `countersign apis …` */
export function addApis(program: Command, perform: Perform): void {
  const apis = program.command('apis').description('what access tokens are for, and the scopes there')

  apis
    .command('create')
    .description('register an API')
    .argument('<identifier>', 'its URI, as tokens name it in aud')
    .option('--name <text>', 'for people; by default the identifier')
    .option('--scope <scope=sentence>', `${scopeHelp}; may be given several times`, collect)
    .option('--carries-roles', "users' tokens for it carry those of their roles that hold a scope of it")
    .option('--if-absent', 'leave one that is there as it is')
    .addHelpText('after', needs)
    .action((identifier: string, options: ApiOptions) => perform((context) => create(context, identifier, options)))

  apis
    .command('list')
    .description('the APIs, in the order of their identifiers')
    .option('--limit <count>', 'how many, 1 to 100', '20')
    .option('--cursor <cursor>', 'where to continue: the cursor that the page before shows')
    .addHelpText('after', needs)
    .action((options: { limit?: string; cursor?: string }) => perform((context) => list(context, options)))

  apis
    .command('show')
    .description('one API with its scopes')
    .argument('<identifier>')
    .addHelpText('after', needs)
    .action((identifier: string) => perform((context) => show(context, identifier)))

  apis
    .command('change')
    .description('change an API, add scopes to it, or drop some')
    .argument('<identifier>')
    .option('--name <text>', 'for people')
    .option('--scope <scope=sentence>', `${scopeHelp}: it is added, or has this sentence from now on`, collect)
    .option('--drop-scope <scope>', 'a scope to take from it and from every role', collect)
    .option('--carries-roles', "users' tokens for it carry those of their roles that hold a scope of it")
    .option('--no-carries-roles', "users' tokens for it carry no roles")
    .option('--now', 'end the sessions of users who lose a scope')
    .addHelpText('after', `${needs} ${nowHelp}\n${publicationHelp}`)
    .action((identifier: string, options: ChangeOptions) => perform((context) => change(context, identifier, options)))

  apis
    .command('delete')
    .description('delete an API: its scopes are removed from every role, and no more tokens are issued for it')
    .argument('<identifier>')
    .option('--now', 'end the sessions of users who lose a scope')
    .addHelpText('after', `${needs} ${nowHelp}\n${publicationHelp}`)
    .action((identifier: string, options: { now?: boolean }) =>
      perform((context) => remove(context, identifier, options.now ?? false))
    )
}

async function create({ parts }: CommandContext, given: string, options: ApiOptions): Promise<CommandResult> {
  const wanted = newApiOf({
    identifier: requireIdentifier(given),
    name: parseOption(apiBody.shape.name, options.name, '--name'),
    carries_roles: options.carriesRoles ?? false,
    scopes: readScopes(options.scope)
  })
  const { apis } = await parts.openApis()
  const result = await apis.create(wanted, undefined)
  if (result.outcome === 'created') {
    return { document: apiOnWire(result.api), text: `Registered the API ${result.api.identifier}.` }
  }
  if (!options.ifAbsent) throw new RefusedError('api_taken', 'There is an API with this identifier.')
  const api = await requireApi(apis, wanted.identifier)
  return { document: apiOnWire(api), text: `The API ${api.identifier} is there, and stays as it is.` }
}

async function list({ parts }: CommandContext, options: { limit?: string; cursor?: string }): Promise<CommandResult> {
  const limit = parseOption(apiListQuery.shape.limit, options.limit, '--limit')
  const after = parseOption(apiListQuery.shape.cursor, options.cursor, '--cursor')
  const { apis } = await parts.openApis()
  const page = await apis.list({ after, limit })
  const rows = page.apis.map(({ identifier, name, scopes }) => [
    identifier,
    name,
    scopes.map((scope) => scope.name).join(' ') || '-'
  ])
  return {
    document: { apis: page.apis.map(apiOnWire), next_cursor: page.next ?? null },
    text: textTable([['IDENTIFIER', 'NAME', 'SCOPES'], ...rows]) + moreLine(page.next)
  }
}

async function show({ parts }: CommandContext, given: string): Promise<CommandResult> {
  const { apis } = await parts.openApis()
  const api = await requireApi(apis, requireIdentifier(given))
  const scopes = api.scopes.map(({ name, description }) => [name, description])
  const table = scopes.length === 0 ? 'It has no scopes.' : textTable([['SCOPE', 'MEANS'], ...scopes])
  return { document: apiOnWire(api), text: `${api.name} (${api.identifier})\n\n${table}` }
}

async function change({ parts, note }: CommandContext, given: string, options: ChangeOptions): Promise<CommandResult> {
  const name = { identifier: requireIdentifier(given) }
  const { apis, sessionEndings } = await parts.openApis()
  const before = await requireApi(apis, name.identifier)
  const isAboutScopes = options.scope !== undefined || options.dropScope !== undefined
  const result = await apis.change(
    name,
    {
      name: parseOption(apiBody.shape.name, options.name, '--name'),
      carriesRoles: options.carriesRoles,
      scopes: isAboutScopes ? scopesAfter(before.scopes, options) : undefined,
      endsSessions: options.now
    },
    undefined
  )
  if (result.outcome !== 'changed') throw unknownApi()
  const { document, text } = await endSessions(sessionEndings, note, options.now)
  return {
    document: { ...apiOnWire(result.api), ...document },
    text: `Changed the API ${result.api.identifier}.${text}`
  }
}

async function remove({ parts, note }: CommandContext, given: string, endsSessions: boolean): Promise<CommandResult> {
  const identifier = requireIdentifier(given)
  const { apis, sessionEndings } = await parts.openApis()
  const { outcome } = await apis.delete({ identifier }, { endsSessions }, undefined)
  if (outcome !== 'deleted') throw unknownApi()
  const { document, text } = await endSessions(sessionEndings, note, endsSessions)
  return { document: { identifier, ...document }, text: `Deleted the API ${identifier}.${text}` }
}

function scopesAfter(before: readonly ApiScope[], { scope, dropScope = [] }: ChangeOptions): ApiScope[] {
  const unknown = dropScope.find((name) => !before.some((one) => one.name === name))
  if (unknown !== undefined) throw new UsageError(`--drop-scope: the API has no scope ${unknown}.`)
  const given = readScopes(scope)
  const isKept = ({ name }: ApiScope) => !dropScope.includes(name) && !given.some((one) => one.name === name)
  return parseOption(apiBody.shape.scopes, [...before.filter(isKept), ...given], '--scope')
}

/** @throws {UsageError} for what `POST /admin/apis` would refuse */
function readScopes(texts: readonly string[] = []): ApiScope[] {
  const scopes = texts.map((text) => {
    const [, name, description] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (name === undefined) throw new UsageError('--scope: must be a scope, =, and a sentence that people understand.')
    return { name, description }
  })
  return parseOption(apiBody.shape.scopes, scopes, '--scope')
}

function requireIdentifier(text: string): string {
  return parseOption(apiBody.shape.identifier, text, '<identifier>')
}

async function requireApi(apis: Pick<ApiAdministration, 'find'>, identifier: string): Promise<Api> {
  const api = await apis.find({ identifier })
  if (!api) throw unknownApi()
  return api
}

function unknownApi(): RefusedError {
  return new RefusedError('api_not_found', 'There is no API with this identifier. See: countersign apis list')
}
