import { usedSecrets } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import type { Installation } from './installation.ts'

/** What the containers have written. */
export function describeLogs(given: () => Installation): void {
  describe('the logs', () => {
    test('contain none of the tokens, passwords and keys that were used', async () => {
      const { project, earlierLogs } = given()
      const logs = [...earlierLogs, await project.compose('logs', '--no-color')].join('\n')
      for (const route of ['/auth/login', '/auth/refresh', '/auth/logout', '/me', '/admin/dashboard']) {
        expect(logs).toContain(`"route":"${route}"`)
      }
      const kept = await project.exec('auth-service', [
        'sh',
        '-c',
        'cd /run/countersign && cat issuer/* database/password redis/password'
      ])
      const key = await project.exec('resource-service', [
        'sed',
        '-n',
        '2p',
        '/run/countersign/verifier/client-key.pem'
      ])
      expect(key.trim()).toMatch(/^\S{60,}$/)
      const secrets = [...usedSecrets, ...kept.trim().split('\n'), key.trim()]
      expect(secrets.length).toBeGreaterThan(20)
      const found = secrets.filter((secret) => logs.includes(secret) || logs.includes(signatureOf(secret)))
      expect(found.length).toBe(0)
    })
  })
}

/** A token is as good as revealed by its last part: the rest can be guessed, or is in other places. */
function signatureOf(secret: string): string {
  return secret.split('.').at(-1) as string
}
