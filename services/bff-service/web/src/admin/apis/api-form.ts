import { randomId } from '@mantine/hooks'
import type { Api, ApiChange, ApiScope, NewApi } from '../../api/types.ts'
import type { FieldWishes } from '../../forms/refused-fields.ts'
import { say } from '../../texts/say.ts'

/** A scope as it is typed. The key stays with the row when others before it go. */
export interface ScopeRow extends ApiScope {
  key: string
}

/** The fields of the form as they are typed. */
export interface ApiFormValues {
  identifier: string
  name: string
  carries_roles: boolean
  scopes: ScopeRow[]
  end_sessions: boolean
}

export const maxApiScopes = 40

export const emptyApi: ApiFormValues = {
  identifier: '',
  name: '',
  carries_roles: false,
  scopes: [],
  end_sessions: false
}

export const emptyScope = (): ScopeRow => ({ name: '', description: '', key: randomId() })

export function formValuesOf({ identifier, name, carries_roles, scopes }: Api): ApiFormValues {
  const rows = scopes.map((scope) => ({ ...scope, key: randomId() }))
  return { identifier, name, carries_roles, scopes: rows, end_sessions: false }
}

export function newApiOf({ identifier, name, carries_roles, scopes }: ApiFormValues): NewApi {
  const given = name.trim()
  return { identifier: identifier.trim(), ...(given && { name: given }), carries_roles, scopes: scopesOf(scopes) }
}

/** The members that are not as they were; `undefined` when there is none. */
export function apiChangeOf(before: Api, values: ApiFormValues): ApiChange | undefined {
  const [name, scopes] = [values.name.trim(), scopesOf(values.scopes)]
  const change = {
    ...(name !== before.name && { name }),
    ...(values.carries_roles !== before.carries_roles && { carries_roles: values.carries_roles }),
    ...(textOf(scopes) !== textOf(before.scopes) && { scopes })
  }
  return Object.keys(change).length > 0 ? { ...change, end_sessions: values.end_sessions } : undefined
}

/** In the order of the rows, so that what the issuer rejects is found by its index. */
function scopesOf(rows: readonly ScopeRow[]): ApiScope[] {
  return rows.map(({ name, description }) => ({ name: name.trim(), description: description.trim() }))
}

function textOf(scopes: readonly ApiScope[]): string {
  return JSON.stringify(scopes.map(({ name, description }) => [name, description]).sort())
}

/** The rule of each field, in words for people, shown when the issuer rejects a value. */
export const apiWishes = (): FieldWishes<ApiFormValues> => ({
  identifier: say('admin.apis.wishes.identifier'),
  name: say('admin.apis.wishes.name'),
  scopes: say('admin.apis.wishes.scopes', { max: maxApiScopes }),
  'scopes.name': say('admin.apis.wishes.scope'),
  'scopes.description': say('admin.apis.wishes.sentence')
})

export const apiValidation = {
  identifier: (text: string) => (text.trim() ? null : say('admin.apis.wishes.identifier')),
  scopes: {
    name: (text: string, { scopes }: ApiFormValues, path: string) => {
      const isTwice = scopes.findIndex(({ name }) => name.trim() === text.trim()) < Number(path.split('.')[1])
      return isTwice && text.trim() ? say('admin.apis.scopeTwice') : null
    }
  }
}
