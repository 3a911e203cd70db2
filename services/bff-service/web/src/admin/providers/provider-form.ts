import type { NewProvider, Provider, ProviderChange } from '../../api/types.ts'
import type { FieldWishes } from '../../forms/refused-fields.ts'
import { say } from '../../texts/say.ts'

export type ProviderKind = Provider['kind']

const brands = { google: 'Google', microsoft: 'Microsoft', apple: 'Apple', github: 'GitHub' } as const

export const providerKinds: readonly ProviderKind[] = ['google', 'microsoft', 'apple', 'github', 'oidc']

/** The kind, as people know it. */
export function labelOfKind(kind: ProviderKind): string {
  return kind === 'oidc' ? say('admin.providers.oidc') : brands[kind]
}

/** The fields of the form as they are typed. */
export interface ProviderFormValues {
  kind: ProviderKind
  id: string
  name: string
  issuer: string
  client_id: string
  client_secret: string
  team_id: string
  key_id: string
  private_key: string
  authoritative_domains: string[]
  trusts_amr: boolean
}

export const emptyProvider: ProviderFormValues = {
  kind: 'google',
  id: '',
  name: '',
  issuer: '',
  client_id: '',
  client_secret: '',
  team_id: '',
  key_id: '',
  private_key: '',
  authoritative_domains: [],
  trusts_amr: false
}

export function formValuesOf(provider: Provider): ProviderFormValues {
  const { kind, id, name, issuer, client_id, authoritative_domains, trusts_amr } = provider
  return { ...emptyProvider, kind, id, name, issuer, client_id, authoritative_domains, trusts_amr }
}

/** Empty fields are left out: the issuer has a default for each kind. */
export function newProviderOf(values: ProviderFormValues): NewProvider {
  const { kind, authoritative_domains, trusts_amr } = values
  const id = values.id.trim() || kind
  const [name, issuer] = [values.name.trim(), values.issuer.trim()]
  return {
    id,
    kind,
    client_id: values.client_id.trim(),
    ...(name && { name }),
    ...(issuer && { issuer }),
    ...secretOf(values),
    authoritative_domains,
    trusts_amr
  }
}

/** All that can be changed. A secret that was left empty stays as it is. */
export function providerChangeOf(values: ProviderFormValues): ProviderChange {
  const { authoritative_domains, trusts_amr } = values
  return {
    name: values.name.trim(),
    client_id: values.client_id.trim(),
    ...secretOf(values),
    authoritative_domains,
    trusts_amr
  }
}

function secretOf({ kind, client_secret, team_id, key_id, private_key }: ProviderFormValues) {
  if (kind !== 'apple') return client_secret.trim() ? { client_secret: client_secret.trim() } : {}
  const apple_key = { team_id: team_id.trim(), key_id: key_id.trim(), private_key: private_key.trim() }
  return Object.values(apple_key).some(Boolean) ? { apple_key } : {}
}

/** The rule of each field, in words for people, shown when the issuer rejects a value. */
export const providerWishes = (): FieldWishes<ProviderFormValues> => ({
  id: say('admin.providers.wishes.id'),
  name: say('admin.providers.wishes.name'),
  issuer: say('admin.providers.wishes.issuer'),
  client_id: say('admin.providers.wishes.clientId'),
  client_secret: say('admin.providers.wishes.clientSecret'),
  team_id: say('admin.providers.wishes.appleKey'),
  authoritative_domains: say('admin.providers.wishes.domains')
})
