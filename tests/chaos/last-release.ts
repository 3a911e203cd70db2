/** The auth-service of the last release, built beside this one. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lastRelease } from '@countersign/testing/trio'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A clone without history has no last release. */
export const hasLastRelease =
  spawnSync('git', ['cat-file', '-e', `${lastRelease}^{commit}`], { cwd: root }).status === 0

/**
 * Builds it in a folder that stays for the next time, with the dependencies that are installed here.
 * @returns the folder
 */
export function buildLastRelease(): string {
  const folder = join(tmpdir(), `countersign-release-${lastRelease}`)
  if (existsSync(folder)) return folder
  const building = `${folder}-${process.pid}`
  rmSync(building, { recursive: true, force: true })
  mkdirSync(building)
  const archive = execFileSync('git', ['archive', lastRelease], { cwd: root, maxBuffer: 2 ** 28 })
  execFileSync('tar', ['-x'], { cwd: building, input: archive })
  linkDependencies(building)
  const node = (script: string, args: readonly string[], cwd = building) =>
    execFileSync(process.execPath, [join(root, 'node_modules', script), ...args], {
      cwd,
      // `generate` never calls this engine; naming an existing file keeps Prisma from downloading one.
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
      stdio: 'pipe'
    })
  node('prisma/build/index.js', ['generate'], join(building, 'prisma'))
  node('typescript/bin/tsc', ['-b', 'services/auth-service', 'prisma'])
  renameSync(building, folder)
  return folder
}

/** The packages of the workspace are its own, all others those of here. */
function linkDependencies(folder: string): void {
  const [from, to] = [join(root, 'node_modules'), join(folder, 'node_modules')]
  mkdirSync(join(to, '@countersign'), { recursive: true })
  for (const name of readdirSync(from)) {
    if (name !== '@countersign' && !name.startsWith('.')) symlinkSync(join(from, name), join(to, name))
  }
  for (const path of ['shared/oauth', 'shared/verifier', 'shared/service-kit', 'services/auth-service', 'prisma']) {
    symlinkSync(join('../..', path), join(to, '@countersign', basename(path)))
    const nested = join(root, path, 'node_modules')
    if (existsSync(nested)) symlinkSync(nested, join(folder, path, 'node_modules'))
  }
}
