import type { Command } from 'commander'
import { builtInRoles, type HeldScope, type Role } from '../../roles/role.ts'
import type { RoleAdministration } from '../../roles/role-administration.ts'
import { newRoleOf, roleBody, roleListQuery, roleOnWire } from '../../wire/roles.ts'
import { publicationHelp } from '../announcement.ts'
import type { CommandContext, CommandResult, Perform } from '../command.ts'
import { endSessions } from '../end-sessions.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { collect, parseOption } from '../options.ts'
import { moreLine, textTable } from '../text-table.ts'
import { nowHelp } from './apis.ts'

const needs = '\nNeeds DATABASE_URL.'
const scopeHelp = 'an API and a scope of it, separated by a space; may be given several times'

interface CreateOptions {
  description?: string
  scope?: string[]
}

interface ChangeOptions extends CreateOptions {
  dropScope?: string[]
  now?: boolean
}

/** `countersign roles …` */
export function addRoles(program: Command, perform: Perform): void {
  const roles = program.command('roles').description('the roles of users, and the scopes that they hold')

  roles
    .command('create')
    .description('create a role')
    .argument('<name>')
    .option('--description <text>', 'for people')
    .option('--scope <api scope>', scopeHelp, collect)
    .addHelpText('after', needs)
    .action((name: string, options: CreateOptions) => perform((context) => create(context, name, options)))

  roles
    .command('list')
    .description('the roles, in the order of their names')
    .option('--limit <count>', 'how many, 1 to 100', '20')
    .option('--cursor <cursor>', 'where to continue: the cursor that the page before shows')
    .addHelpText('after', needs)
    .action((options: { limit?: string; cursor?: string }) => perform((context) => list(context, options)))

  roles
    .command('show')
    .description('one role with its scopes')
    .argument('<name>')
    .addHelpText('after', needs)
    .action((name: string) => perform((context) => show(context, name)))

  roles
    .command('change')
    .description('change the description and the scopes of a role')
    .argument('<name>')
    .option('--description <text>', 'for people')
    .option('--scope <api scope>', scopeHelp, collect)
    .option('--drop-scope <api scope>', 'an API and a scope that the role is to hold no more', collect)
    .option('--now', 'end the sessions of users who lose a scope')
    .addHelpText('after', `${needs} ${nowHelp}\n${publicationHelp}`)
    .action((name: string, options: ChangeOptions) => perform((context) => change(context, name, options)))

  roles
    .command('delete')
    .description('delete a role that no user has')
    .argument('<name>')
    .addHelpText('after', needs)
    .action((name: string) => perform((context) => remove(context, name)))
}

async function create({ parts }: CommandContext, given: string, options: CreateOptions): Promise<CommandResult> {
  const wanted = newRoleOf({
    name: requireName(given),
    description: parseOption(roleBody.shape.description, options.description, '--description'),
    scopes: readScopes(options.scope, '--scope')
  })
  const { roles } = await parts.openRoles()
  const result = await roles.create(wanted, undefined)
  if (result.outcome === 'unknown_scope') throw unknownScope(result.scope)
  if (result.outcome !== 'created') throw new RefusedError('role_taken', 'There is a role with this name.')
  return { document: roleOnWire(result.role), text: `Created the role ${result.role.name}.` }
}

async function list({ parts }: CommandContext, options: { limit?: string; cursor?: string }): Promise<CommandResult> {
  const limit = parseOption(roleListQuery.shape.limit, options.limit, '--limit')
  const after = parseOption(roleListQuery.shape.cursor, options.cursor, '--cursor')
  const { roles } = await parts.openRoles()
  const page = await roles.list({ after, limit })
  const rows = page.roles.map(({ name, scopes, description }) => [
    name,
    scopes.length === 1 ? '1 scope' : `${scopes.length} scopes`,
    description || '-'
  ])
  return {
    document: { roles: page.roles.map(roleOnWire), next_cursor: page.next ?? null },
    text: textTable([['ROLE', 'HOLDS', 'DESCRIPTION'], ...rows]) + moreLine(page.next)
  }
}

async function show({ parts }: CommandContext, given: string): Promise<CommandResult> {
  const { roles } = await parts.openRoles()
  const role = await requireRole(roles, requireName(given))
  const rows = role.scopes.map(({ api, scope }) => [api, scope])
  const table = rows.length === 0 ? 'It holds no scopes.' : textTable([['API', 'SCOPE'], ...rows])
  return { document: roleOnWire(role), text: `${role.name}: ${role.description || 'no description'}\n\n${table}` }
}

async function change({ parts, note }: CommandContext, given: string, options: ChangeOptions): Promise<CommandResult> {
  const name = requireName(given)
  const { roles, sessionEndings } = await parts.openRoles()
  const before = await requireRole(roles, name)
  const isAboutScopes = options.scope !== undefined || options.dropScope !== undefined
  const result = await roles.change(
    name,
    {
      description: options.description && parseOption(roleBody.shape.description, options.description, '--description'),
      scopes: isAboutScopes ? scopesAfter(before.scopes, options) : undefined,
      endsSessions: options.now
    },
    undefined
  )
  if (result.outcome === 'unknown_scope') throw unknownScope(result.scope)
  if (result.outcome !== 'changed') throw unknownRole()
  const { document, text } = await endSessions(sessionEndings, note, options.now)
  return { document: { ...roleOnWire(result.role), ...document }, text: `Changed the role ${name}.${text}` }
}

async function remove({ parts }: CommandContext, given: string): Promise<CommandResult> {
  const name = requireName(given)
  if (builtInRoles.includes(name)) {
    throw new RefusedError('role_is_built_in', 'This role is built in, and cannot be deleted.')
  }
  const { roles } = await parts.openRoles()
  const { outcome } = await roles.delete(name, undefined)
  if (outcome === 'in_use') throw new RefusedError('role_in_use', 'A user has this role. Take it from them first.')
  if (outcome !== 'deleted') throw unknownRole()
  return { document: { name }, text: `Deleted the role ${name}.` }
}

function scopesAfter(before: readonly HeldScope[], { scope, dropScope }: ChangeOptions): HeldScope[] {
  const [given, dropped] = [readScopes(scope, '--scope'), readScopes(dropScope, '--drop-scope')]
  const missing = dropped.find((one) => !includes(before, one))
  if (missing) throw new UsageError(`--drop-scope: the role does not hold ${missing.api} ${missing.scope}.`)
  const kept = before.filter((one) => !includes(dropped, one) && !includes(given, one))
  return parseOption(roleBody.shape.scopes, [...kept, ...given], '--scope')
}

function includes(scopes: readonly HeldScope[], { api, scope }: HeldScope): boolean {
  return scopes.some((one) => one.api === api && one.scope === scope)
}

/** @throws {UsageError} for what `POST /admin/roles` would refuse */
function readScopes(texts: readonly string[] = [], option: string): HeldScope[] {
  const scopes = texts.map((text) => {
    const [api, scope, ...rest] = text.trim().split(/ +/)
    if (scope === undefined || rest.length > 0) {
      throw new UsageError(`${option}: must be an API and a scope of it, separated by a space and quoted.`)
    }
    return { api, scope }
  })
  return parseOption(roleBody.shape.scopes, scopes, option)
}

function requireName(text: string): string {
  return parseOption(roleBody.shape.name, text, '<name>')
}

async function requireRole(roles: Pick<RoleAdministration, 'find'>, name: string): Promise<Role> {
  const role = await roles.find(name)
  if (!role) throw unknownRole()
  return role
}

function unknownRole(): RefusedError {
  return new RefusedError('role_not_found', 'There is no role with this name. See: countersign roles list')
}

function unknownScope({ api, scope }: HeldScope): RefusedError {
  return new RefusedError('scope_not_found', `No API ${api} has the scope ${scope}. See: countersign apis list`)
}
