import { Html, html } from '../html.ts'
import { apiPageStyle } from './api-page-style.ts'
import type { describeRoutes } from './openapi.ts'
import { memberItem, type Schema, schemaList, schemaName } from './schema-list.ts'

/** The part of an OpenAPI operation that the page shows. */
interface Operation {
  readonly summary: string
  readonly description: string
  readonly parameters?: readonly { in: string; name: string; required?: boolean; schema: Schema }[]
  readonly requestBody?: { readonly required?: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Entry {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

/** The API reference: an HTML page made from the OpenAPI document, without scripts and external resources. */
export function apiPage(description: ReturnType<typeof describeRoutes>): string {
  // As it is sent: without undefined members, and with every schema in its JSON form.
  const { info, paths, components } = JSON.parse(JSON.stringify(description))
  const schemas: Record<string, Schema> = components.schemas ?? {}
  const entries = entriesOf(paths)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title}: HTTP API</title>
<style>${new Html(apiPageStyle)}</style>
</head>
<body>
<h1>${info.title}: HTTP API</h1>
<p>${info.description} The same for programs: <a href="openapi.json">openapi.json</a>.</p>
<nav aria-label="Routes"><ul>
${entries.map((entry) => html`<li>${methodOf(entry)}<a href="#${idOf(entry)}">${entry.path}</a></li>\n`)}</ul></nav>
<main>
<h2>Routes</h2>
${entries.map((entry) => routeSection(entry, schemas))}
<h2>Schemas</h2>
${Object.entries(schemas).map(([name, schema]) => schemaSection(name, schema))}
</main>
</body>
</html>
`.text
}

function entriesOf(paths: Record<string, Record<string, Operation>>): Entry[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method, path, operation }))
  )
}

function routeSection(entry: Entry, schemas: Record<string, Schema>): Html {
  const { summary, description, parameters = [], requestBody, responses } = entry.operation
  return html`<section id="${idOf(entry)}">
<h3>${methodOf(entry)}<code>${entry.path}</code></h3>
<p>${summary}.</p>
<p><strong>Who may call it:</strong> ${description}</p>
${parameters.length > 0 ? html`<h4>Parameters</h4><dl>${parameters.map(parameterItem)}</dl>` : undefined}
${requestBody && bodyPart(requestBody, schemas)}
<h4>Responses</h4>
<ul class="statuses">${Object.entries(responses).map(([status, response]) => responseItem(status, response))}</ul>
</section>
`
}

function parameterItem(parameter: NonNullable<Operation['parameters']>[number]): Html {
  const name = parameter.in === 'path' ? `{${parameter.name}}` : `?${parameter.name}`
  return memberItem(name, parameter.schema, parameter.required)
}

function bodyPart({ required, content }: NonNullable<Operation['requestBody']>, schemas: Record<string, Schema>) {
  return html`${Object.entries(content).map(([mediaType, { schema }]) => {
    const resolved = schemas[schemaName(schema) ?? ''] ?? schema
    return html`<h4>Body: <code>${mediaType}</code>${required ? '' : ', may be absent'}</h4>${schemaList(resolved)}`
  })}`
}

function responseItem(status: string, { description, content }: Operation['responses'][string]): Html {
  const schema = content?.['application/json']?.schema
  const isError = Number(status) >= 400
  const members = schema && !isError ? schemaList(schema) : undefined
  return html`<li><code>${status}</code> ${description}${members}</li>`
}

function schemaSection(name: string, schema: Schema): Html {
  return html`<section id="schema-${name}"><h3>${name}</h3>${schemaList(schema)}</section>
`
}

function methodOf({ method }: Entry): Html {
  return html`<span class="method">${method.toUpperCase()}</span>`
}

/** An id of letters, digits and dashes, for links within the page. */
function idOf({ method, path }: Entry): string {
  return `${method}${path}`.replaceAll(/[^A-Za-z\d]+/g, '-').replace(/-$/, '')
}
