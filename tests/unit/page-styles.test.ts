import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const sources = fileURLToPath(new URL('../../services/bff-service/web/src', import.meta.url))
const styles = join(dirname(createRequire(import.meta.url).resolve('@mantine/core/styles.css')), 'styles')

test('each component of Mantine that a page uses has its styles in styles.ts', () => {
  const components = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.tsx'))
    .map((path) => readFileSync(join(sources, path), 'utf8'))
    .flatMap((text) => [...text.matchAll(/import \{([^}]*)\} from '@mantine\/core'/g)])
    .flatMap(([, names]) => (names as string).split(',').map((name) => name.trim()))
  const needed = [...new Set(components)].filter((name) => existsSync(join(styles, `${name}.css`)))
  const imported = readFileSync(join(sources, 'styles.ts'), 'utf8')
  expect(needed.length).toBeGreaterThan(10)
  expect(needed.filter((name) => !imported.includes(`/styles/${name}.css'`))).toEqual([])
})
