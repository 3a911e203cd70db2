import { readFile } from 'node:fs/promises'
import { usedSecrets } from '@countersign/testing/trio'
import { describe, expect, test } from 'vitest'
import { installationFolder } from './compose-project.ts'
import type { Installation } from './installation.ts'

/** What `installation.yaml` describes, as docs/deployment.md#your-own-apis-and-clients says. */
export function describeInstallationFile(given: () => Installation): void {
  describe('the APIs, roles and providers of a file', () => {
    const show = async (...args: string[]) =>
      JSON.parse(await given().project.exec('auth-service', ['countersign', ...args, '--json']))

    test('are there after the start', async () => {
      usedSecrets.add((await readFile(`${installationFolder}company-secret`, 'utf8')).trim())
      const api = 'https://reports.example.com'
      expect(await show('apis', 'show', api)).toMatchObject({ identifier: api, scopes: [{ name: 'reports:read' }] })
      expect(await show('roles', 'show', 'reporter')).toMatchObject({ scopes: [{ api, scope: 'reports:read' }] })
      const { providers } = await show('providers', 'list')
      expect(providers).toEqual([expect.objectContaining({ id: 'company', has_secret: true })])
    })

    test('stay as they are when it is applied again', async () => {
      const applied = await given().project.compose('run', '--rm', '--no-TTY', 'register')
      expect(applied).toContain('0 created, 0 changed, 3 as they were.')
    })
  })
}
