import { TemporarilyUnavailableError } from '@countersign/oauth'
import { expect, test, vi } from 'vitest'
import type { ProvenUser } from '../../../src/accounts/one-time-secrets.ts'
import { type MailedSecretDeps, proveMailedSecret } from '../../../src/sign-in/mailed-secrets.ts'
import { createInProcessAttemptCounters } from '../../../src/stores/in-process/attempt-counters.ts'

test('a code that could not be checked uses up no try of the account; a wrong one does', async () => {
  const owner: ProvenUser = { userId: '1', username: 'alice' }
  const find = vi.fn<MailedSecretDeps['secrets']['find']>()
  const secrets = { countTry: async () => owner.userId, refundTry: async () => {}, find }
  const deps = {
    secrets: secrets as unknown as MailedSecretDeps['secrets'],
    counters: createInProcessAttemptCounters()
  }
  const attempt = () =>
    proveMailedSecret(deps, 'mail_sign_in', { kind: 'code', flowHash: new Uint8Array(32), codeHmacs: [] })

  find.mockRejectedValue(new TemporarilyUnavailableError())
  for (let i = 0; i < 20; i++) await expect(attempt()).rejects.toBeInstanceOf(TemporarilyUnavailableError)
  find.mockResolvedValue(owner)
  for (let i = 0; i < 20; i++) expect(await attempt()).toBe(owner)
  find.mockResolvedValue(undefined)
  await Promise.all(Array.from({ length: 10 }, attempt))
  const checks = find.mock.calls.length
  find.mockResolvedValue(owner)
  expect(await attempt()).toBeUndefined()
  expect(find).toHaveBeenCalledTimes(checks)
})
