import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createMasterKey, masterKeys } from '../../../src/keys/master-keys.ts'

const schema = masterKeys()
const makeText = (bytes = 32) => randomBytes(bytes).toString('base64')

describe('COUNTERSIGN_MASTER_KEY', () => {
  test('takes one key or several, separated by commas or white space, the first being the current one', () => {
    const [first, second, third] = [makeText(), makeText(), randomBytes(40).toString('base64url')]
    const alone = schema.parse(first)
    const several = schema.parse(`${first},\n ${second} ${third}\n`)
    expect(alone).toHaveLength(1)
    expect(several).toHaveLength(3)
    expect(several[0].id).toBe(alone[0].id)
  })

  test.each([
    ['a short key', makeText(31)],
    ['a short key behind a valid one', `${makeText()},${makeText(16)}`],
    ['a text that is not base64', 'correct horse battery staple correct horse battery staple!'],
    ['nothing but separators', ' , '],
    ['more than eight keys', Array.from({ length: 9 }, () => makeText()).join()]
  ])('refuses %s', (_, text) => {
    expect(schema.safeParse(text).success).toBe(false)
  })

  test('says how to make one', () => {
    expect(() => schema.parse('')).toThrow('openssl rand -base64 32')
  })
})

describe('a master key', () => {
  test('derives another key for each purpose, and the same one each time', () => {
    const key = createMasterKey(new Uint8Array(32).fill(1))
    expect(key.derive('a')).toEqual(key.derive('a'))
    expect(key.derive('a')).not.toEqual(key.derive('b'))
    expect(key.derive('a')).not.toEqual(createMasterKey(new Uint8Array(32).fill(2)).derive('a'))
  })

  test('does not show its bytes when it is printed', () => {
    const bytes = new Uint8Array(32).fill(0xab)
    const printed = inspect(createMasterKey(bytes), { depth: 9 }) + JSON.stringify({ key: createMasterKey(bytes) })
    expect(printed).not.toMatch(/ab,? ?ab|171/)
    expect(printed).not.toContain(Buffer.from(bytes).toString('base64').slice(0, 12))
  })
})
