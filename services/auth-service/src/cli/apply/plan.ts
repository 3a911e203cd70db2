import type { ApiAdministration } from '../../apis/api-administration.ts'
import type { Client } from '../../clients/client.ts'
import { checkClient, firstPartyClientId } from '../../clients/client-rules.ts'
import { firstSecretOf, hasSecrets } from '../../clients/client-secrets.ts'
import type { ProviderAdministration } from '../../providers/provider-administration.ts'
import type { HeldScope } from '../../roles/role.ts'
import type { RoleAdministration } from '../../roles/role-administration.ts'
import { apiOnWire, newApiOf } from '../../wire/apis.ts'
import { clientOnWire, newClientOf } from '../../wire/clients.ts'
import { newProviderOf, providerOnWire } from '../../wire/providers.ts'
import { newRoleOf, roleOnWire } from '../../wire/roles.ts'
import type { ClientParts } from '../cli-dependencies.ts'
import { issuerTaken } from '../commands/providers.ts'
import { RefusedError, UsageError } from '../failures.ts'
import { differencesOf } from './differences.ts'
import type { Installation } from './installation-file.ts'

export interface PlanParts {
  readonly apis: ApiAdministration
  readonly roles: RoleAdministration
  readonly clients: ClientParts['administration']
  readonly providers: ProviderAdministration
}

/** One entry of the file, and what has to be done for it. */
export interface Step {
  readonly kind: 'api' | 'role' | 'client' | 'provider'
  readonly id: string
  readonly action: 'create' | 'change' | 'keep'
  /** What is different, in words. */
  readonly differences: readonly string[]
  /** Whether it makes a client with a secret, which is shown this once. */
  readonly makesSecret?: true
  /** @returns what is shown of it this once: the secret of a new client */
  carryOut(endsSessions: boolean): Promise<{ client_secret?: string }>
}

/**
 * Compares a file with what there is. Everything that would be refused is found before the first change.
 * @throws {UsageError} {@link InvalidRequestError} {@link RefusedError}
 */
export async function planInstallation(parts: PlanParts, installation: Installation): Promise<Step[]> {
  await checkScopes(parts, installation)
  const steps: Step[] = []
  for (const api of installation.apis) steps.push(await planApi(parts, api))
  for (const role of installation.roles) steps.push(await planRole(parts, role))
  for (const client of installation.clients) steps.push(await planClient(parts, client))
  steps.push(...(await planProviders(parts, installation.providers)))
  return steps
}

async function planApi({ apis }: PlanParts, entry: Installation['apis'][number]): Promise<Step> {
  const wanted = newApiOf(entry)
  const name = { identifier: wanted.identifier }
  const before = await apis.find(name)
  const { id: _id, created_at: _at, ...shown } = apiOnWire({ ...wanted, id: '', createdAt: new Date(0) })
  return step('api', wanted.identifier, before && differencesOf(apiOnWire(before), shown), async (endsSessions) => {
    const { outcome } = before
      ? await apis.change(name, { ...wanted, endsSessions }, undefined)
      : await apis.create(wanted, undefined)
    requireDone(outcome)
    return {}
  })
}

async function planRole({ roles }: PlanParts, entry: Installation['roles'][number]): Promise<Step> {
  const wanted = newRoleOf(entry)
  const before = await roles.find(wanted.name)
  const { created_at: _at, ...shown } = roleOnWire({ ...wanted, createdAt: new Date(0) })
  return step('role', wanted.name, before && differencesOf(roleOnWire(before), shown), async (endsSessions) => {
    const { outcome } = before
      ? await roles.change(wanted.name, { ...wanted, endsSessions }, undefined)
      : await roles.create(wanted, undefined)
    requireDone(outcome)
    return {}
  })
}

async function planClient({ clients }: PlanParts, entry: Installation['clients'][number]): Promise<Step> {
  const wanted = newClientOf(entry, [])
  if (wanted.id === firstPartyClientId) {
    throw new RefusedError(
      'client_is_built_in',
      `The client ${wanted.id} belongs to the issuer itself, and stays as it is.`
    )
  }
  checkClient(wanted)
  const before = await clients.find(wanted.id)
  if (before && before.authMethod !== wanted.authMethod) {
    throw new RefusedError(
      'client_auth_method_differs',
      `The client ${before.id} is registered for ${before.authMethod}, for good.`
    )
  }
  const { id, authMethod: _authMethod, secretHashes: _hashes, ...policy } = wanted
  const shown = before && clientOnWire({ ...before, ...policy } satisfies Client)
  const differences = before && shown && differencesOf(clientOnWire(before), shown)
  const makesSecret = !before && hasSecrets(wanted.authMethod)
  const planned = step('client', id, differences, async () => {
    if (before) {
      requireDone((await clients.change(id, policy, undefined)).outcome)
      return {}
    }
    const { secretHashes, shown: secret } = firstSecretOf(wanted.authMethod)
    requireDone((await clients.create({ ...wanted, secretHashes }, undefined)).outcome)
    return secret
  })
  return makesSecret ? { ...planned, makesSecret } : planned
}

async function planProviders({ providers }: PlanParts, entries: Installation['providers']): Promise<Step[]> {
  const owners = new Map((await providers.list()).map(({ issuer, id }) => [issuer, id]))
  const steps: Step[] = []
  for (const { secret, ...wanted } of entries.map(newProviderOf)) {
    const { id, kind, issuer } = wanted
    const before = await providers.find(id)
    if (before && (before.kind !== kind || before.issuer !== issuer)) {
      throw new RefusedError(
        'provider_issuer_differs',
        `The provider ${id} is of the kind ${before.kind} and has the issuer ${before.issuer}, for good.`
      )
    }
    if ((owners.get(issuer) ?? id) !== id) throw issuerTaken()
    owners.set(issuer, id)
    const differences = before && [
      ...differencesOf(providerOnWire(before, null), providerOnWire({ ...before, ...wanted }, null)),
      ...(secret && !(await providers.holdsSecret(id, secret)) ? ['secret: another one'] : [])
    ]
    steps.push(
      step('provider', id, differences, async () => {
        const { outcome } = before
          ? await providers.change(id, { ...wanted, secret }, undefined)
          : await providers.create({ ...wanted, secret }, undefined)
        requireDone(outcome)
        return {}
      })
    )
  }
  return steps
}

/** @param differences from what there is; `undefined` when there is nothing yet */
function step(
  kind: Step['kind'],
  id: string,
  differences: readonly string[] | undefined,
  carryOut: Step['carryOut']
): Step {
  if (!differences) return { kind, id, action: 'create', differences: [], carryOut }
  return { kind, id, action: differences.length === 0 ? 'keep' : 'change', differences, carryOut }
}

/** A role can hold scopes of the file's APIs, and of others that are registered. */
async function checkScopes({ apis }: PlanParts, { apis: entries, roles }: Installation): Promise<void> {
  const known = new Map(entries.map(({ identifier, scopes }) => [identifier, scopes.map(({ name }) => name)]))
  const unknown: HeldScope[] = []
  for (const { api, scope } of roles.flatMap((role) => role.scopes)) {
    if (!known.has(api)) {
      const registered = await apis.find({ identifier: api })
      known.set(api, registered?.scopes.map(({ name }) => name) ?? [])
    }
    if (!known.get(api)?.includes(scope)) unknown.push({ api, scope })
  }
  if (unknown.length === 0) return
  const lines = unknown.map(({ api, scope }) => `  ${scope} of ${api}`)
  throw new UsageError(`Roles hold scopes that no API has:\n${lines.slice(0, 20).join('\n')}`)
}

function requireDone(outcome: string): void {
  if (outcome === 'created' || outcome === 'changed') return
  throw new RefusedError('changed_meanwhile', 'Somebody else changed this meanwhile. Run the same command again.')
}
