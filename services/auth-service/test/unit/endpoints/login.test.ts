import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { Context } from 'koa'
import compose from 'koa-compose'
import { describe, expect, test, vi } from 'vitest'
import { login } from '../../../src/endpoints/account/login.ts'
import { middlewareOf } from '../../../src/routing/add-routes.ts'

describe('a sign-in', () => {
  test('over capacity gets 503 before its body is read, and is counted as that', async () => {
    const countSignIn = vi.fn()
    const deps = {
      metrics: { countSignIn },
      passwords: {
        requireRoom() {
          throw new TemporarilyUnavailableError()
        }
      },
      accessRules: { public: { check: (_ctx: Context, next: () => Promise<void>) => next() } },
      proofs: {}
    } as unknown as Parameters<typeof middlewareOf<Parameters<typeof login.bind>[0]>>[1]
    // There is no body: reading it would fail.
    const ctx = { ip: '192.0.2.1', get: () => '', set: () => undefined, state: {} } as unknown as Context
    const result = compose(middlewareOf(login, deps))(ctx)
    await expect(result).rejects.toBeInstanceOf(TemporarilyUnavailableError)
    expect(countSignIn.mock.calls).toEqual([['temporarily_unavailable']])
  })
})
