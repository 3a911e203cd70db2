import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import {
  ConfigurationError,
  connectionUrl,
  oneOf,
  optional,
  readVariables,
  Secret,
  serviceUrl,
  shortText,
  type Variable,
  wholeNumber
} from '../../../src/index.ts'

const variable = <S extends Variable['schema']>(name: string, schema: S) => ({ name, schema, description: 'a test' })
const shape = {
  port: variable('PORT', wholeNumber({ min: 0, max: 65_535 }).default(4000)),
  level: variable('LEVEL', oneOf(['info', 'warn']).default('info')),
  issuer: variable('ISSUER', serviceUrl()),
  database: variable('DATABASE_URL', connectionUrl({ schemes: ['postgres'], example: 'postgres://host/name' })),
  name: optional(variable('NAME', shortText('a name', 5)))
}
const good = { ISSUER: 'https://auth.example.com', DATABASE_URL: 'postgres://u:hunter2@h/n' }

describe('reading variables', () => {
  test('gives typed, frozen values and the defaults of absent and empty ones', () => {
    const values = readVariables({ ...good, PORT: '' }, shape)
    expect(values).toMatchObject({ port: 4000, level: 'info', issuer: 'https://auth.example.com', name: undefined })
    expect(values.database.reveal()).toBe('postgres://u:hunter2@h/n')
    expect(Object.isFrozen(values)).toBe(true)
  })

  test('reports every problem at once, with the name and the expected form, and never the value', () => {
    const env = { PORT: '70000', LEVEL: 'loud', DATABASE_URL: 'mysql://u:hunter2@h', NAME: 'far too long' }
    let error: unknown
    try {
      readVariables(env, shape)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigurationError)
    expect((error as ConfigurationError).problems).toEqual([
      'PORT must be a whole number from 0 to 65535.',
      'LEVEL must be one of info, warn.',
      expect.stringMatching(/^ISSUER is required: an absolute http or https URL/),
      'DATABASE_URL must be a URL such as postgres://host/name.',
      'NAME must be a name.'
    ])
    expect((error as ConfigurationError).message).not.toMatch(/hunter2|70000|loud/)
  })

  test.each(['-1', '1.5', '1e3', ' 1', '0x10', 'NaN', '99999999999999999999'])(
    'the whole number %j is refused',
    (text) => {
      expect(wholeNumber({ min: 0, max: 10_000 }).safeParse(text).success).toBe(false)
    }
  )

  test.each([
    'ftp://a.example',
    'auth.example.com',
    'https://user@a.example',
    'https://a.example/?x=1',
    'https://a.example/#x'
  ])('the URL %j is refused', (text) => {
    expect(serviceUrl().safeParse(text).success).toBe(false)
  })
})

describe('a secret', () => {
  test('is redacted however it is printed', () => {
    const secret = new Secret('hunter2')
    expect(`${secret} ${JSON.stringify({ secret })} ${inspect({ secret })}`).toBe(
      '[redacted] {"secret":"[redacted]"} { secret: [redacted] }'
    )
    expect(secret.reveal()).toBe('hunter2')
  })
})
