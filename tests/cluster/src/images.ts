import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repository, run } from './commands.ts'

export const imageRepository = 'countersign-cluster'
export const versions = { last: 'last-release', current: 'current', broken: 'broken' } as const
const targets = ['migrate', 'auth-service', 'resource-service', 'bff-service', 'secrets'] as const
const names = (version: string) => targets.map((target) => `${imageRepository}/${target}:${version}`)

const nodeImage = process.env.NODE_IMAGE || 'node:24-slim'
export const postgresImage = process.env.POSTGRES_IMAGE || 'postgres:17-alpine'
export const redisImage = process.env.REDIS_IMAGE || 'redis:8-alpine'

async function build(folder: string, version: string): Promise<void> {
  const args = ['--build-arg', `NODE_IMAGE=${nodeImage}`, '--build-arg', `VERSION=${version}`]
  for (const target of targets) {
    await run('docker', [
      'build',
      '--quiet',
      ...args,
      '--target',
      target,
      '--tag',
      `${imageRepository}/${target}:${version}`,
      folder
    ])
  }
}

/** Builds the current version, the last release by its Git revision, and one that ends at its start. */
export async function buildImages(revision: string): Promise<void> {
  await build(repository, versions.current)
  const folder = await mkdtemp(join(tmpdir(), 'countersign-release-'))
  try {
    await run('sh', ['-c', 'git archive "$1" | tar -x -C "$2"', 'sh', revision, folder])
    await build(folder, versions.last)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  for (const name of names(versions.current)) {
    const broken = name.replace(versions.current, versions.broken)
    const ends = /\/(migrate|secrets):/.test(name) ? '' : 'CMD ["node", "-e", "process.exit(1)"]\n'
    await run('docker', ['build', '--quiet', '--tag', broken, '-'], { input: `FROM ${name}\n${ends}` })
  }
}

/** Takes the names away; the layers stay in the build cache. */
export async function removeImages(): Promise<void> {
  await run('docker', ['rmi', '--force', '--no-prune', ...Object.values(versions).flatMap(names)]).catch(() => '')
}
