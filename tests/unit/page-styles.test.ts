import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const sources = fileURLToPath(new URL('../../services/bff-service/web/src', import.meta.url))
const library = dirname(createRequire(import.meta.url).resolve('@mantine/core/styles.css'))
const folder = join(library, 'esm/components')
const modules = new Map(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.mjs'))
    .map((path) => [basename(path, '.mjs'), readFileSync(join(folder, path), 'utf8')])
)

/** What a component is made of. `Checkbox.Card = CheckboxCard` only offers another one. */
function partsOf(component: string): string[] {
  const text = modules.get(component) ?? ''
  const imported = [...text.matchAll(/from "[./\w]*\/(\w+)\.mjs"/g)].map(([, name]) => name as string)
  return imported.filter((name) => !text.includes(` = ${name};`))
}

test('each component of Mantine that a page uses has its styles in styles.ts, and so has what it is made of', () => {
  const components = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.tsx'))
    .map((path) => readFileSync(join(sources, path), 'utf8'))
    .flatMap((text) => [...text.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)])
    .flatMap(([, names]) => (names as string).split(',').map((name) => name.trim()))
  const found = new Set(components)
  for (const component of found) for (const part of partsOf(component)) found.add(part)
  const needed = [...found].filter((name) => existsSync(join(library, 'styles', `${name}.css`)))
  const imported = readFileSync(join(sources, 'styles.ts'), 'utf8')
  expect(needed.length).toBeGreaterThan(10)
  expect(needed.filter((name) => !imported.includes(`/styles/${name}.css'`))).toEqual([])
})
