import { randomId } from '@mantine/hooks'
import type { ClientPolicy, ExchangeRule } from '../../api/types.ts'

/** An exchange rule as it is typed. The key stays with the row when others before it go. */
export interface RuleRow {
  key: string
  from: string
  scope: string
  to: string
  scopes: string[]
}

export const maxRules = 50

export const emptyRule = (): RuleRow => ({ key: randomId(), from: '', scope: '', to: '', scopes: [] })

export function ruleRowsOf(rules: ClientPolicy['exchange_rules']): RuleRow[] {
  return rules.map(({ from, scope = '', to, scopes }) => ({ key: randomId(), from, scope, to, scopes }))
}

/** In the order of the rows, so that what the issuer rejects is found by its index. */
export function rulesOf(rows: readonly RuleRow[]): ExchangeRule[] {
  return rows.map(({ from, scope, to, scopes }) => ({
    from: from.trim(),
    ...(scope.trim() && { scope: scope.trim() }),
    to: to.trim(),
    scopes
  }))
}

/** The rule of each field of a row, in words for people. */
export const ruleWishes = {
  'exchange_rules.from':
    'Name the API that the user’s token is for: one of the resources of this client, letter by letter.',
  'exchange_rules.scope': 'A scope has up to 64 characters without spaces, quotes and backslashes.',
  'exchange_rules.to': 'Name another API, such as https://stock.example.com, without spaces, quotes and #.',
  'exchange_rules.scopes': 'Name 1 to 50 scopes that the new token may have, without quotes and backslashes.'
}

interface RuleContext {
  resources: string[]
  exchange_rules: RuleRow[]
}

export const ruleValidation = {
  from: (text: string, { resources }: RuleContext) =>
    resources.includes(text.trim()) ? null : ruleWishes['exchange_rules.from'],
  to: (text: string, { exchange_rules: rows }: RuleContext, path: string) => {
    const isSame = rows[Number(path.split('.')[1])]?.from.trim() === text.trim()
    return isSame || !text.trim() ? ruleWishes['exchange_rules.to'] : null
  },
  scopes: (scopes: string[]) => (scopes.length > 0 ? null : ruleWishes['exchange_rules.scopes'])
}
