import type { HeldScope, NewRole, Role, RoleChange } from '../../api/types.ts'
import type { FieldWishes } from '../../forms/refused-fields.ts'
import { say } from '../../texts/say.ts'

/** The fields of the form as they are typed. */
export interface RoleFormValues {
  name: string
  description: string
  /** Each as `boxOf` writes it. */
  scopes: string[]
  end_sessions: boolean
}

export const emptyRole: RoleFormValues = { name: '', description: '', scopes: [], end_sessions: false }

/** The value of a scope's check box: neither part has a space. */
export function boxOf({ api, scope }: HeldScope): string {
  return `${api} ${scope}`
}

function heldScopesOf(boxes: readonly string[]): HeldScope[] {
  return boxes.map((box) => {
    const [api = '', scope = ''] = box.split(' ')
    return { api, scope }
  })
}

export function formValuesOf({ name, description, scopes }: Role): RoleFormValues {
  return { name, description, scopes: scopes.map(boxOf), end_sessions: false }
}

export function newRoleOf({ name, description, scopes }: RoleFormValues): NewRole {
  return { name: name.trim(), description: description.trim(), scopes: heldScopesOf(scopes) }
}

/** The members that are not as they were; `undefined` when there is none. */
export function roleChangeOf(before: Role, values: RoleFormValues): RoleChange | undefined {
  const description = values.description.trim()
  const isOther = [...values.scopes].sort().join('\n') !== before.scopes.map(boxOf).sort().join('\n')
  const change = {
    ...(description !== before.description && { description }),
    ...(isOther && { scopes: heldScopesOf(values.scopes) })
  }
  return Object.keys(change).length > 0 ? { ...change, end_sessions: values.end_sessions } : undefined
}

/** The rule of a role's name, in words for people. */
export const roleNameRule = () => say('admin.roles.nameRule')

export function isRoleName(text: string): boolean {
  return /^[a-z][a-z0-9_-]{0,31}$/.test(text)
}

/** The rule of each field, in words for people, shown when the issuer rejects a value. */
export const roleWishes = (): FieldWishes<RoleFormValues> => ({
  name: roleNameRule(),
  description: say('admin.roles.descriptionWish'),
  scopes: say('admin.roles.scopesWish')
})

export const roleValidation = {
  name: (text: string) => (isRoleName(text.trim()) ? null : roleNameRule())
}
