/** What has to be true before a package is published. Each check returns sentences, none when all is well. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a release looks at in a `package.json`. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
}

const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url))
const publint = join(modules, 'publint', 'src', 'cli.js')
const attw = join(modules, '@arethetypeswrong', 'cli', 'dist', 'index.js')

/** Runs a program. @returns its stdout @throws with all that it printed when it fails */
export function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

function faultOf(name: string, args: readonly string[]): string[] {
  try {
    run(process.execPath, args)
    return []
  } catch (error) {
    return [`${name}: ${(error as Error).message}`]
  }
}

/** Whether Git knows of changes, files that were never added included. */
export const hasChanges = () => run('git', ['status', '--porcelain']).trim() !== ''

/** Whether this version is published. Any reply of the registry but "not found" is an error: it cannot be known then. */
export function isOnRegistry({ name, version }: Manifest): boolean {
  const args = ['view', `${name}@${version}`, 'version', '--json']
  const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' })
  if (status === 0) return stdout.trim() !== ''
  if (/\bE404\b/.test(stdout + stderr)) return false
  throw new Error(`the registry cannot be asked for ${name}:\n${stderr}`)
}

/** What is wrong with the manifests of packages that are released together. */
export function faultsOfManifests(manifests: readonly Manifest[]): string[] {
  const versions = new Set(manifests.map(({ version }) => version))
  return [
    ...manifests.filter((manifest) => manifest.private).map(({ name }) => `${name} is private`),
    ...(versions.size > 1 ? [`the versions differ: ${[...versions].join(', ')}`] : [])
  ]
}

/** What is wrong with a packed package. */
export function faultsOfTarball(tarball: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-unpacked-'))
  try {
    run('tar', ['-xzf', tarball, '-C', folder])
    return [
      ...faultsOfFiles(join(folder, 'package')),
      ...faultOf('publint', [publint, 'run', tarball, '--strict']),
      // The packages are ES modules, which Node 20.19 can require; TypeScript's `node10` and `node16` are not supported.
      ...faultOf('attw', [attw, tarball, '--profile', 'esm-only'])
    ].map((fault) => `${posix.basename(tarball)}: ${fault}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const required = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json', 'dist/index.js', 'dist/index.d.ts']
const unwanted = /(?:^|\/)(?:tests?|node_modules)\/|\.test\.|\.tsbuildinfo$|(?:^|\/)\.(?!\.)/

/** What is missing in the folder of an unpacked package, and what does not belong there. */
export function faultsOfFiles(folder: string): string[] {
  const files = new Set(filesIn(folder))
  const maps = [...files].filter((file) => file.endsWith('.map'))
  return [
    ...required.filter((file) => !files.has(file)).map((file) => `${file} is missing`),
    ...[...files].filter((file) => unwanted.test(file)).map((file) => `${file} does not belong there`),
    ...[...files]
      .filter((file) => /^dist\/.*\.js$/.test(file) && !files.has(file.replace(/\.js$/, '.d.ts')))
      .map((file) => `${file} has no types`),
    ...maps.flatMap((map) =>
      sourcesOf(folder, map)
        .filter((source) => !files.has(source))
        .map((source) => `${map} leads to ${source}, which is missing`)
    )
  ]
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      join(parentPath, name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/')
    )
}

function sourcesOf(folder: string, map: string): string[] {
  const { sources } = JSON.parse(readFileSync(join(folder, map), 'utf8')) as { sources: string[] }
  return sources.map((source) => posix.join(posix.dirname(map), source))
}
