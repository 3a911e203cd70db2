import { ApiError } from '../api/api-error.ts'

/** What each field of a form wants, in words for people. */
export type FieldWishes<Values> = Partial<Record<keyof Values & string, string>>

interface RefusedFields {
  /** Sentences by the names of their fields. */
  errors: Record<string, string>
  /** Whether the sentences say all that is wrong. */
  isAll: boolean
}

/** Finds the fields that the service refused. Its own words are for programs: what is said is what the field wants. */
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

/** Names the item of a list that was refused. */
function sentenceOf(wish: string, value: unknown, index: string): string {
  const item = Array.isArray(value) && index !== '' ? value[Number(index)] : undefined
  return typeof item === 'string' ? `“${item}” cannot be used. ${wish}` : wish
}
