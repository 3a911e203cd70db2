import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Installation } from './installation.ts'

/** The settings that docs/your-app.md gives for Compose. */
export function describeYourApp(given: () => Installation): void {
  describe('an app of your own behind the bff-service', () => {
    test('is served with the settings of your-app.md', async () => {
      const { project } = given()
      const page = await readFile(new URL('../../docs/your-app.md', import.meta.url), 'utf8')
      const [settings, routes] = ['yaml', 'json'].map(
        (language) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] as string
      ) as [string, string]
      const folder = await mkdtemp(join(tmpdir(), 'countersign-your-app-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      await chmod(folder, 0o755) // the service runs as another user
      await mkdir(join(folder, 'app'))
      await writeFile(join(folder, 'app/index.html'), '<title>An app of mine</title>')
      await writeFile(join(folder, 'routes.json'), routes)
      // The API of the example has no image.
      const [ofBff = ''] = settings.split(/\n\s*# An API of yours/)
      const file = join(folder, 'override.yml')
      await writeFile(
        file,
        ofBff.replace('./app/dist', join(folder, 'app')).replace('./routes.json', join(folder, 'routes.json'))
      )

      const files = ['--file', 'docker-compose.yml', '--file', file]
      await project.compose(...files, 'config', '--quiet')
      await project.compose(...files, 'up', '--wait', '--no-deps', 'bff-service')
      expect(await (await fetch(project.bffUrl)).text()).toContain('An app of mine')
      expect((await fetch(`${project.bffUrl}/countersign/sign-in`)).status).toBe(200)
      expect((await fetch(`${project.bffUrl}/api/stock/prices`)).status).toBe(401)
      await project.compose('up', '--wait', '--no-deps', 'bff-service')
      expect(await (await fetch(project.bffUrl)).text()).not.toContain('An app of mine')
    }, 120_000)
  })
}
