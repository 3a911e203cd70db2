import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonObject } from '../../../src/encoding/json-object.ts'

const parse = (text: string) => parseJsonObject(Buffer.from(text))

/** The same name in another spelling. */
const escaped = (name: string) =>
  `"${[...name].map((_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`

describe('parsing a JSON object', () => {
  it('takes an object with unique names, whatever they and their values are', () => {
    for (const text of [
      '{}',
      ' { "a" : {"a":1,"b":[{"a":1},{"a":2}]} , "b":"a\\"," } ',
      '{"__proto__":1,"1":2,"":3}'
    ]) {
      expect(parse(text), text).toEqual(JSON.parse(text))
    }
  })

  it('refuses what is no object, no JSON or no UTF-8', () => {
    for (const text of ['', '1', 'null', '[]', '"{}"', '{', '{"a":1,}', '{}x', '\ufeff{}']) {
      expect(parse(text), text).toBeUndefined()
    }
    expect(parseJsonObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined()
  })

  it('refuses a name that appears twice at the top level, in any spelling, and only then', () => {
    const name = fc.oneof(fc.constantFrom('a', 'b', '__proto__', '"', '\\', '\\"', ',', '{', '0', ''), fc.string())
    const member = fc.record({ name, value: fc.jsonValue({ maxDepth: 2 }), isEscaped: fc.boolean() })
    const space = fc.constantFrom('', ' ', '\n\t')
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), space, (members, gap) => {
        const texts = members.map(
          ({ name, value, isEscaped }) =>
            `${gap}${isEscaped ? escaped(name) : JSON.stringify(name)}${gap}:${gap}${JSON.stringify(value)}${gap}`
        )
        const text = `{${texts.join(',')}}`
        const isUnique = new Set(members.map((one) => one.name)).size === members.length
        expect(parse(text)).toEqual(isUnique ? JSON.parse(text) : undefined)
      }),
      { numRuns: 1000 }
    )
  })
})
