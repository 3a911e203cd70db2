import { TemporarilyUnavailableError } from '@countersign/oauth'
import { describe, expect, test, vi } from 'vitest'
import { type SignInDeps, signIn } from '../../../src/grants/sign-in.ts'

describe('a sign-in', () => {
  test('that there is no time for is turned away before anything is counted, asked or hashed for it', async () => {
    const verify = vi.fn()
    const deps = {
      passwords: {
        requireRoom() {
          throw new TemporarilyUnavailableError()
        }
      },
      limits: { verify }
    } as unknown as SignInDeps
    const request = { username: 'ada', password: 'a fine password', origin: { address: '192.0.2.1', userAgent: '' } }
    await expect(signIn(deps, request)).rejects.toBeInstanceOf(TemporarilyUnavailableError)
    expect(verify).not.toHaveBeenCalled()
  })
})
