import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
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

describe('the texts of the pages', () => {
  const english = textsOf(en)

  test.each(languageCodes)('%s has every text, with the same values in it', async (code) => {
    const texts = textsOf(await languages[code].load())
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
      const isByCode = key.startsWith('codes.')
      return !isByCode && !code.includes(`'${key.replace(/_(?:one|other)$/, '')}'`)
    })
    expect(unused).toEqual([])
  })
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
