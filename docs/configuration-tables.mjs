// Writes the tables of configuration.md out of the built services' variables, each between its two markers.
import { readFile, writeFile } from 'node:fs/promises'
import { configurationTable } from '@countersign/service-kit'

const page = new URL('configuration.md', import.meta.url)
const end = '<!-- end of configuration -->'

let text = await readFile(page, 'utf8')
for (const service of ['auth-service', 'resource-service', 'bff-service']) {
  const { variables } = await import(`../services/${service}/dist/config.js`)
  const start = `<!-- configuration: ${service} -->`
  const from = text.indexOf(start) + start.length
  text = `${text.slice(0, from)}\n${configurationTable(service, variables)}\n${text.slice(text.indexOf(end, from))}`
}
await writeFile(page, text)
