import { ApiError } from '../api/api-error.ts'
import { say } from '../texts/say.ts'
import { linesOf } from './lines.ts'

/** The rule of each field of a form, in words for people. That of `scopes.name` is for the name of each of the scopes. */
export type FieldWishes<Values> = Partial<
  Record<(keyof Values & string) | `${keyof Values & string}.${string}`, string>
>

interface RefusedFields {
  /** Sentences by the names of their fields. */
  errors: Record<string, string>
  /** Whether the sentences cover every problem. */
  isAll: boolean
}

/** Finds the fields that the service rejected. Its own messages are for programs: the field's rule is shown instead. */
export function refusedFields<Values>(
  error: unknown,
  wishes: FieldWishes<Values>,
  values: Readonly<Record<string, unknown>>
): RefusedFields {
  if (!(error instanceof ApiError) || error.issues.length === 0) return { errors: {}, isAll: false }
  const errors: Record<string, string> = {}
  let isAll = true
  for (const { path } of error.issues) {
    const field = fieldOf(path, wishes)
    if (field) errors[field.name] ??= sentenceOf(field.wish, valueAt(values, field.name), field.index)
    else isAll = false
  }
  return { errors, isAll }
}

interface RefusedField {
  name: string
  wish: string
  /** Index of the rejected item, when the field is a list; else empty. */
  index: string
}

/** The field of a path such as `name`, `audiences.0` or `scopes.0.name`, if the form has a sentence for it. */
function fieldOf(path: string, wishes: Record<string, string | undefined>): RefusedField | undefined {
  const [name = '', index = '', member = '', innerIndex = ''] = path.split('.')
  const ofMember = member ? wishes[`${name}.${member}`] : undefined
  if (ofMember !== undefined) return { name: `${name}.${index}.${member}`, wish: ofMember, index: innerIndex }
  const wish = wishes[name]
  return wish === undefined ? undefined : { name, wish, index }
}

/** What stands at a path such as `scopes.0.name`. */
export function valueAt(values: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], values)
}

/** Names the rejected item of a list. */
function sentenceOf(wish: string, value: unknown, index: string): string {
  const items = typeof value === 'string' ? linesOf(value) : value
  const item = Array.isArray(items) && index !== '' ? items[Number(index)] : undefined
  return typeof item === 'string' ? say('errors.item', { item, rule: wish }) : wish
}
