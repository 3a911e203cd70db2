import { type Html, html } from '../html.ts'

/** The part of JSON Schema that the wire's schemas use. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly default?: unknown
  readonly description?: string
}

/** The members of an object with their types and bounds; of anything else, its type. */
export function schemaList(schema: Schema): Html {
  const members = Object.entries(schema.properties ?? {})
  if (members.length === 0) return html`<p>${typeOf(schema)} ${boundsOf(schema)}</p>`
  return html`<dl>${members.map(([name, member]) => memberItem(name, member, schema.required?.includes(name)))}</dl>`
}

/** One member or parameter. */
export function memberItem(name: string, schema: Schema, isRequired = false): Html {
  const inner = schema.properties ?? schema.items?.properties
  return html`<dt><code>${name}</code> ${typeOf(schema)}${isRequired ? html` <em>required</em>` : undefined}</dt>
<dd>${boundsOf(schema)}${inner && schemaList(schema.properties ? schema : (schema.items ?? {}))}</dd>
`
}

/** The name by which a schema is linked on the page. */
export function schemaName({ $ref }: Schema): string | undefined {
  return $ref?.replace('#/components/schemas/', '')
}

function typeOf(schema: Schema): Html {
  const name = schemaName(schema)
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return html`${choices.map((one, at) => html`${at > 0 ? ' or ' : ''}${typeOf(one)}`)}`
  if (schema.allOf) return html`${schema.allOf.map((one, at) => html`${at > 0 ? ' and ' : ''}${typeOf(one)}`)}`
  const values = schema.enum ?? (schema.const === undefined ? undefined : [schema.const])
  if (values) return html`${values.map((value, at) => html`${at > 0 ? ' or ' : ''}<code>${String(value)}</code>`)}`
  if (schema.type === 'array') return html`array of ${typeOf(schema.items ?? {})}`
  return html`${[schema.type ?? 'any value'].flat().join(' or ')}`
}

/** In words, with what the schema itself says. */
function boundsOf(schema: Schema): Html {
  const { format, pattern, description, items } = schema
  const bounds = [
    format,
    rangeOf(schema.minLength, schema.maxLength, ' characters'),
    rangeOf(schema.minimum, schema.maximum, ''),
    rangeOf(schema.minItems, schema.maxItems, ' items'),
    schema.default === undefined ? undefined : `default ${JSON.stringify(schema.default)}`
  ].filter((one) => one !== undefined)
  // The pattern of a format is long, and adds nothing.
  const form = format === undefined ? (pattern ?? items?.pattern) : undefined
  return html`${bounds.join(', ')}${form && html` <code>${form}</code>`}${description && html`<p>${description}</p>`}`
}

function rangeOf(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  const from = isBound(least) ? least : undefined
  const to = isBound(most) ? most : undefined
  if (from === undefined) return to === undefined ? undefined : `at most ${to}${unit}`
  return to === undefined ? `at least ${from}${unit}` : `${from} to ${to}${unit}`
}

/** The range of JavaScript's safe integers is not a real bound. */
function isBound(value: number | undefined): boolean {
  return value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER
}
