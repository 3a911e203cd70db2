import { ApiError } from '../api/api-error.ts'

/** The rule of each field of a form, in words for people. */
export type FieldWishes<Values> = Partial<Record<keyof Values & string, string>>

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
    const [name = '', index = ''] = path.split('.')
    const wish = (wishes as Record<string, string | undefined>)[name]
    if (wish === undefined) isAll = false
    else errors[name] ??= sentenceOf(wish, values[name], index)
  }
  return { errors, isAll }
}

/** Names the rejected item of a list. */
function sentenceOf(wish: string, value: unknown, index: string): string {
  const item = Array.isArray(value) && index !== '' ? value[Number(index)] : undefined
  return typeof item === 'string' ? `“${item}” cannot be used. ${wish}` : wish
}
