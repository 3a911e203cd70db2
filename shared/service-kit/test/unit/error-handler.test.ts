import { InvalidRequestError, TemporarilyUnavailableError } from '@countersign/oauth'
import Koa, { type Context } from 'koa'
import { describe, expect, test } from 'vitest'
import { respondToErrors } from '../../src/index.ts'

interface Logged {
  level: string
  fields: Record<string, unknown>
}

/** Runs the handler around something that throws. */
async function responseTo(thrown: unknown) {
  const logged: Logged[] = []
  const log = (level: string) => (fields: Record<string, unknown>) => logged.push({ level, fields })
  const headers: Record<string, string> = {}
  const ctx = {
    state: { log: { error: log('error'), info: log('info') } },
    set(name: string | Record<string, string>, value?: string) {
      Object.assign(headers, typeof name === 'string' ? { [name]: value } : name)
    }
  } as unknown as Context
  await respondToErrors()(ctx as never, () => {
    throw thrown
  })
  return { status: ctx.status, body: JSON.parse(ctx.body as string), headers, logged }
}

describe('the error handler', () => {
  test('returns code, status, description and headers of a protocol error, and only logs its detail', async () => {
    const error = new TemporarilyUnavailableError({
      retryAfterSeconds: 3,
      detail: 'the pool is empty',
      cause: new Error('inner')
    })
    const response = await responseTo(error)
    expect(response).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '3', 'Cache-Control': 'no-store' },
      body: {
        error: 'temporarily_unavailable',
        error_description: 'The service is temporarily unavailable. Try again.'
      }
    })
    expect(JSON.stringify(response.body)).not.toMatch(/pool|inner/)
    expect(response.logged).toMatchObject([
      { level: 'error', fields: { detail: 'the pool is empty', cause: { message: 'inner' } } }
    ])
  })

  test('logs nothing about an error without a detail', async () => {
    expect(await responseTo(new TemporarilyUnavailableError())).toMatchObject({ status: 503, logged: [] })
  })

  test('shows the issues of a request that does not fit', async () => {
    const response = await responseTo(new InvalidRequestError({ issues: [{ path: 'a.b', message: 'must be a text' }] }))
    expect(response).toMatchObject({ status: 400, body: { issues: [{ path: 'a.b', message: 'must be a text' }] } })
    expect(response.logged).toEqual([])
  })

  test.each([new Error('a secret detail'), new TypeError('a secret detail'), 'a secret detail', undefined])(
    'responds to an unknown error with 500, without its message',
    async (thrown) => {
      const response = await responseTo(thrown)
      expect(response).toMatchObject({ status: 500, body: { error: 'server_error' } })
      expect(JSON.stringify(response.body)).not.toContain('secret')
      expect(response.logged).toMatchObject([{ level: 'error' }])
    }
  )

  test('never logs the enumerable fields of an error, which may hold a query and its parameters', async () => {
    const error = Object.assign(new Error('failed'), { parameters: ['hunter2'] })
    expect(JSON.stringify((await responseTo(error)).logged)).not.toContain('hunter2')
  })

  test('is Koa middleware', () => {
    expect(() => new Koa().use(respondToErrors())).not.toThrow()
  })
})
