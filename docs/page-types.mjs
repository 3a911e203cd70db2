// Makes the types of the pages out of the OpenAPI description of the auth-service, so that none is copied by hand.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { compile } from 'json-schema-to-typescript'
import { routesOf } from '../services/auth-service/dist/endpoints/routes.js'
import { describeRoutes } from '../services/auth-service/dist/routing/openapi.js'

const target = fileURLToPath(new URL('../services/bff-service/web/src/api/auth-service.ts', import.meta.url))

async function pageTypes() {
  const { components } = describeRoutes(routesOf('https://auth.example.com'), 'https://auth.example.com')
  const schemas = JSON.parse(JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/$defs/'))
  const types = await compile({ $defs: schemas }, 'Schemas', {
    bannerComment:
      '// The JSON of the auth-service. Made by `npm run docs` out of its OpenAPI description: change it there.',
    unreachableDefinitions: true,
    ignoreMinAndMaxItems: true,
    additionalProperties: false,
    style: { semi: false, singleQuote: true, trailingComma: 'none', printWidth: 120 }
  })
  return (
    types
      .replace(/export interface Schemas \{[^}]*\}\n/, '')
      .replaceAll(/\/\*\*\n \* This interface was referenced by[^/]*\*\/\n/g, '\n')
      .replace(/\n{3,}/g, '\n\n')
      // A union that does not fit on the line of its name, as Biome breaks it.
      .replaceAll(
        / =\n {2}('[^\n]+)\n/g,
        (_, union) =>
          ` =\n${union
            .split(' | ')
            .map((one) => `  | ${one}\n`)
            .join('')}`
      )
  )
}

if (process.argv.includes('--print')) process.stdout.write(await pageTypes())
else await writeFile(target, await pageTypes())
