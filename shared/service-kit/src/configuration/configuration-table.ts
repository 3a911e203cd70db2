import type { Variable, Variables } from './variables.ts'

/** The variables of a program as a Markdown table for docs/configuration.md. */
export function configurationTable(program: string, variables: Variables): string {
  const rows = Object.values(variables).map((variable) => {
    const star = variable.isSecret ? ' *' : ''
    return `| \`${variable.name}\`${star} | ${defaultOf(variable)} | ${variable.description} |`
  })
  return [`| ${program} | default | what it is |`, '|---|---|---|', ...rows].join('\n')
}

function defaultOf({ schema, defaultText }: Variable): string {
  if (defaultText !== undefined) return defaultText
  const { success, data } = schema.safeParse(undefined)
  if (!success) return 'required'
  const text = String(data ?? '')
  if (text === '') return 'none'
  return /^\d+$/.test(text) ? text : `\`${text}\``
}
