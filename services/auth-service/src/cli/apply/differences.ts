import { canonicalJson } from '../../clients/canonical-json.ts'

type Members = Readonly<Record<string, unknown>>

/** What is different, one line for each member: lists by what they gain and lose, the rest by both values. */
export function differencesOf(before: Members, after: Members): string[] {
  return Object.keys(after).flatMap((name) => {
    const [former, wanted] = [before[name], after[name]]
    if (canonicalJson(former) === canonicalJson(wanted)) return []
    if (Array.isArray(former) && Array.isArray(wanted)) return listDifference(name, former, wanted)
    return [`${name}: ${textOf(former)} → ${textOf(wanted)}`]
  })
}

function listDifference(name: string, former: readonly unknown[], wanted: readonly unknown[]): string[] {
  const without = (some: readonly unknown[], others: readonly unknown[]) => {
    const known = new Set(others.map(canonicalJson))
    return some.filter((item) => !known.has(canonicalJson(item))).map(textOf)
  }
  const signs = [
    ...without(wanted, former).map((item) => `+ ${item}`),
    ...without(former, wanted).map((item) => `- ${item}`)
  ]
  // The same items in another order are no change.
  return signs.length === 0 ? [] : [`${name}: ${signs.join(', ')}`]
}

/** A scope with its sentence is named by its members' values, as in `reports:read "Read reports"`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}
