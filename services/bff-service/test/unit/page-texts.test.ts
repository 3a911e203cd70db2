import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { adminEn } from '../../web/src/texts/admin/en.ts'
import { en } from '../../web/src/texts/en.ts'
import { languageCodes, languageFor, languages } from '../../web/src/texts/languages.ts'

const sources = fileURLToPath(new URL('../../web/src', import.meta.url))

/** Each text by its name, such as `signIn.title`. */
function textsOf(texts: object, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text === 'string') all.set(prefix + name, text)
    else for (const [inner, value] of textsOf(text, `${prefix}${name}.`)) all.set(inner, value)
  }
  return all
}

const valuesIn = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort()

const parts = {
  'the texts of the pages': { texts: en, load: 'load' },
  'the texts of the administration': { texts: adminEn, load: 'loadAdmin' }
} as const

describe.each(Object.entries(parts))('%s', (_, { texts: source, load }) => {
  const english = textsOf(source)

  test.each(languageCodes)('%s has every text, with the same values in it', async (code) => {
    const texts = textsOf(await languages[code][load]())
    expect([...texts.keys()]).toEqual([...english.keys()])
    for (const [key, text] of texts) {
      expect(text.trim(), key).not.toBe('')
      expect(valuesIn(text), key).toEqual(valuesIn(english.get(key) ?? ''))
    }
  })

  test('are all in use', () => {
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
      (path) => /\.tsx?$/.test(path) && !/^texts[/\\](?!say)/.test(path)
    )
    const code = files.map((path) => readFileSync(`${sources}/${path}`, 'utf8')).join('\n')
    const unused = [...english.keys()].filter((key) => {
      const isByCode = /^(?:codes|refusals|admin\.events)\./.test(key)
      return !isByCode && !code.includes(`'${key.replace(/_(?:one|other)$/, '')}'`)
    })
    expect(unused).toEqual([])
  })
})

test('what the services refuse has a text in every language', () => {
  const services = ['auth-service/src', 'bff-service/src'].flatMap((path) => {
    const folder = fileURLToPath(new URL(`../../../${path}`, import.meta.url))
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    // Endpoints of apps, and those of the command line, are for programs.
    return names
      .filter((name) => name.endsWith('.ts') && !/endpoints[/\\]oauth/.test(name))
      .map((name) => `${folder}/${name}`)
  })
  const refusal = /new (?:NotFound|AccessDenied)Error\(\{\s*description:\s*'([^']+)'/g
  const said = services.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(refusal)].map(([, text]) => text))
  const known = Object.values({ ...en.refusals, ...adminEn.refusals })
  expect(new Set(said)).toEqual(new Set(known))
})

describe('the language of a page', () => {
  test.each([
    [[], 'en'],
    [['de'], 'de'],
    [['de-AT', 'en'], 'de'],
    [['fr-FR', 'de-DE', 'en'], 'de'],
    [[null, 'EN-us', 'de'], 'en'],
    [['fr'], 'en']
  ] as const)('for %j is %s', (wanted, language) => {
    expect(languageFor(wanted)).toBe(language)
  })
})
