import { TemporarilyUnavailableError } from '@countersign/oauth'
import type { Context } from 'koa'
import compose from 'koa-compose'
import { describe, expect, test, vi } from 'vitest'
import { type LoginDeps, login } from '../../../src/endpoints/login.ts'

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
      proofs: {}
    } as unknown as LoginDeps
    // There is no body: reading it would fail.
    const ctx = { ip: '192.0.2.1', get: () => '' } as unknown as Context
    const answered = compose(login(deps))(ctx)
    await expect(answered).rejects.toBeInstanceOf(TemporarilyUnavailableError)
    expect(countSignIn.mock.calls).toEqual([['temporarily_unavailable']])
  })
})
