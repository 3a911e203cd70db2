// Writes the tables of routes (http-api.md), commands (command-line.md) and metrics (metrics.md) between the two markers of each page,
// from the built services. With --check it writes nothing, and fails when a page is out of date.
import { readFile, writeFile } from 'node:fs/promises'
import { createProgram } from '../services/auth-service/dist/cli/command-line.js'
import { routesOf } from '../services/auth-service/dist/endpoints/routes.js'
import { createIssuerMetrics } from '../services/auth-service/dist/metrics.js'
import { describeRoutes } from '../services/auth-service/dist/routing/openapi.js'
import { createBffMetrics } from '../services/bff-service/dist/metrics.js'
import { createMetrics, measurePropagation, measureVerifier } from '../shared/service-kit/dist/index.js'

const issuer = 'https://auth.example.com'
const tables = { 'http-api.md': routeTable(), 'command-line.md': commandTable(), 'metrics.md': metricTables() }

for (const [name, table] of Object.entries(tables)) {
  const page = new URL(name, import.meta.url)
  const text = await readFile(page, 'utf8')
  const [before, after] = [text.split('<!-- table -->')[0], text.split('<!-- end of table -->')[1]]
  if (after === undefined) throw new Error(`${name} has no markers.`)
  const made = `${before}<!-- table -->\n${table}\n<!-- end of table -->${after}`
  if (!process.argv.includes('--check')) await writeFile(page, made)
  else if (made !== text) throw new Error(`${name} is not as \`npm run docs\` writes it.`)
}

function routeTable() {
  const { paths, components } = JSON.parse(JSON.stringify(describeRoutes(routesOf(issuer), issuer)))
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => !operation.deprecated)
      .map(([method, operation]) => {
        const query = (operation.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => `${name}=`)
        const route = `${method.toUpperCase()} ${path}${query.length > 0 ? `?${query.join('&')}` : ''}`
        const status = Object.keys(operation.responses)[0]
        return [
          `\`${route}\`${bodyOf(operation, components.schemas)}`,
          operation.summary,
          operation.description,
          status
        ]
      })
  )
  return tableOf(['route', 'what it does', 'who may', 'status'], rows)
}

/** The members of a JSON body; forms are as the RFCs have them. */
function bodyOf({ requestBody }, schemas) {
  const schema = requestBody?.content['application/json']?.schema
  if (!schema) return ''
  const { properties, required = [] } = schema.$ref ? schemas[schema.$ref.split('/').at(-1)] : schema
  const members = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`))
  return ` \`{${members.length > 5 ? [...members.slice(0, 4), '…'].join(', ') : members.join(', ')}}\``
}

function commandTable() {
  const program = createProgram(() => undefined, {})
  const rows = leavesOf(program, []).map(({ names, command }) => {
    const operands = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`))
    const options = command.options.map((option) => `\`${option.flags}\``)
    return [`\`${[...names, ...operands].join(' ')}\``, command.description(), options.join(', ') || '–']
  })
  return tableOf(['command', 'what it does', 'options'], rows)
}

function leavesOf(command, before) {
  const names = [...before, command.name()]
  const inner = command.commands.filter((one) => one.name() !== 'help')
  return inner.length === 0 ? [{ names, command }] : inner.flatMap((one) => leavesOf(one, names))
}

/** One table for each group of services. */
function metricTables() {
  return [
    metricTable('Every service', /^http_/, () => undefined),
    metricTable('Every service that verifies (auth-service, resource-service)', /^countersign_/, (metrics) => {
      measurePropagation(metrics)
      measureVerifier(metrics, {})
    }),
    metricTable('auth-service', /^countersign_/, ({ registry }) => createIssuerMetrics({ registry })),
    metricTable('bff-service', /^countersign_/, ({ registry }) => createBffMetrics(registry, () => 0))
  ].join('')
}

function metricTable(title, names, addTo) {
  const metrics = createMetrics('docs')
  addTo(metrics)
  const rows = metrics.registry
    .getMetricsAsArray()
    .filter(({ name }) => names.test(name))
    .map(({ name, type, labelNames, help }) => [
      `\`${name}\``,
      type,
      labelNames.map((label) => `\`${label}\``).join(', '),
      help
    ])
  return `\n## ${title}\n\n${tableOf(['metric', 'type', 'labels', 'what it is'], rows)}\n`
}

function tableOf(heads, rows) {
  const lineOf = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [lineOf(heads), lineOf(heads.map(() => '---')), ...rows.map(lineOf)].join('\n')
}
