import { randomId } from '@mantine/hooks'
import type { ClientPolicy, ExchangeRule } from '../../api/types.ts'
import { say } from '../../texts/say.ts'

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
export const ruleWishes = () => ({
  'exchange_rules.from': say('admin.clients.ruleWishes.from'),
  'exchange_rules.scope': say('admin.clients.ruleWishes.scope'),
  'exchange_rules.to': say('admin.clients.ruleWishes.to'),
  'exchange_rules.scopes': say('admin.clients.ruleWishes.scopes')
})

interface RuleContext {
  resources: string[]
  exchange_rules: RuleRow[]
}

export const ruleValidation = {
  from: (text: string, { resources }: RuleContext) =>
    resources.includes(text.trim()) ? null : say('admin.clients.ruleWishes.from'),
  to: (text: string, { exchange_rules: rows }: RuleContext, path: string) => {
    const isSame = rows[Number(path.split('.')[1])]?.from.trim() === text.trim()
    return isSame || !text.trim() ? say('admin.clients.ruleWishes.to') : null
  },
  scopes: (scopes: string[]) => (scopes.length > 0 ? null : say('admin.clients.ruleWishes.scopes'))
}
