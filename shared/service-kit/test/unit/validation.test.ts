import { InvalidRequestError } from '@countersign/oauth'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseWith } from '../../src/validation.ts'

const schema = z.strictObject({
  username: z.string().min(1, { error: 'must have a character' }),
  audiences: z.array(z.url({ error: 'must be an absolute URI' })).optional(),
  age: z.int().optional()
})

const errorOf = (value: unknown): InvalidRequestError => {
  try {
    parseWith(schema, value)
  } catch (error) {
    return error as InvalidRequestError
  }
  throw new Error('it fits')
}

describe('a request that does not fit its schema', () => {
  test('names its invalid fields in a sentence, and has each in the issues', () => {
    const error = errorOf({ username: '', audiences: ['https://api.example.com', 'reports'] })
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error.description).toBe(
      'The request has invalid fields: username must have a character; audiences[1] must be an absolute URI.'
    )
    expect(error.issues).toEqual([
      { path: 'username', message: 'must have a character' },
      { path: 'audiences.1', message: 'must be an absolute URI' }
    ])
  })

  test('names only the field if the message about it is not one of this project', () => {
    expect(errorOf({ username: 'alice', age: 'old' }).description).toBe('The request has invalid fields: age.')
  })

  test('has nothing of the input in the sentence', () => {
    const error = errorOf({ username: 'alice', 'a "secret" name': 1 })
    expect(error.description).toBe('The request has fields that this route does not accept; see issues.')
    expect(error.issues?.[0]?.message).toContain('secret')
  })

  test('names three fields at most', () => {
    const many = Array.from({ length: 20 }, () => 'no URI')
    const { description, issues } = errorOf({ username: 'alice', audiences: many })
    expect(description.match(/must be/g)).toHaveLength(3)
    expect(issues).toHaveLength(10)
  })
})
