import { describe, expect, test } from 'vitest'
import createRefreshFlow from '../../src/peers/refresh-flow.ts'

const request = {
  path: '/token',
  headers: { 'X-Shape': 'form' },
  body: 'grant_type=refresh_token&refresh_token={refresh_token}&x=1'
}
const response = (body: object, status = 200) => ({ status, head: '', body: JSON.stringify(body) })

describe('a session of the load generator', () => {
  test('sends the token that the last response brought, and ends with it as its state', () => {
    const flow = createRefreshFlow({ request, refreshToken: 'first' })
    expect(flow.next()).toEqual({
      method: 'POST',
      path: '/token',
      headers: { 'X-Shape': 'form' },
      body: 'grant_type=refresh_token&refresh_token=first&x=1'
    })
    flow.onResponse?.(response({ access_token: 'a', refresh_token: 'second', scope: 's' }))
    expect(flow.next()?.body).toBe('grant_type=refresh_token&refresh_token=second&x=1')
    expect(flow.state?.()).toBe('second')
  })

  test('fails at a response that does not rotate', () => {
    const flow = createRefreshFlow({ request, refreshToken: 'first' })
    expect(() => flow.onResponse?.(response({ refresh_token: 'first' }))).toThrow('no new refresh token')
    expect(() => flow.onResponse?.(response({ access_token: 'a' }))).toThrow('no new refresh token')
  })
})
